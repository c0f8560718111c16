// WebOTP: a browser on a phone offers the code of an SMS to the page.

interface OTPCredential extends Credential {
  code: string;
}

/** Returns the code of the next SMS to this site, or "" if the browser has none. */
export async function receiveCode(signal: AbortSignal): Promise<string> {
  if (!("OTPCredential" in window)) return "";
  try {
    const options = { otp: { transport: ["sms"] }, signal } as CredentialRequestOptions;
    const credential = (await navigator.credentials.get(options)) as OTPCredential | null;
    return credential?.code ?? "";
  } catch {
    return ""; // declined, or in a frame that may not ask
  }
}
