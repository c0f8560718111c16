// The mobile number and its country: formats the number while the user types, and lets the country follow its prefix.

import { find } from "./dom";
import type { CountryCode, PhoneNumber } from "./phone-library";

type Library = typeof import("./phone-library");

/** How long a submission waits for the library, in milliseconds. */
const maxLoad = 3000;

export class PhoneField {
  private library: Library | null = null;

  /** The number of a form. null: the form does not ask for one. */
  static in(form: HTMLFormElement): PhoneField | null {
    const input = find(form, "[name=mobile_number]", HTMLInputElement);
    const country = find(form, "[name=country]", HTMLSelectElement);
    return input && country && new PhoneField(input, country);
  }

  private constructor(
    private readonly input: HTMLInputElement,
    private readonly country: HTMLSelectElement,
  ) {
    const load = (): void => void this.load().then(() => this.formatAtEnd(false));
    input.addEventListener("focus", load);
    country.addEventListener("focus", load);
    input.addEventListener("input", (e) => this.typed(e));
    input.addEventListener("change", () => this.format(true));
    country.addEventListener("change", () => this.changePrefix());
  }

  owns(control: Element): boolean {
    return control === this.input;
  }

  /** Shows a number that was typed before, unless there is another one. */
  fill(number: string, country: string): void {
    if (number === "" || this.input.value !== "") return;
    this.input.value = number;
    this.country.value = country;
  }

  /** The number as the API takes it, with the country's code. Empty: none was entered. */
  async value(): Promise<string> {
    const text = plain(this.input.value);
    if (text === "") return "";
    await this.load();
    const number = this.parse(international(text));
    if (number) return number.number;
    return hasPrefix(text) ? text : this.callingCode() + text; // the API says what is wrong with it
  }

  /** Loads the library. Without it, numbers are not formatted, and the API parses them. */
  private async load(): Promise<void> {
    const tooSlow = new Promise<null>((resolve) => setTimeout(resolve, maxLoad, null));
    try {
      this.library ??= await Promise.race([import("./phone-library"), tooSlow]);
    } catch {
      // The connection is lost. The next focus tries again.
    }
  }

  /** Formats only what is added at the end. Elsewhere the cursor would jump, and separators could not be deleted. */
  private typed(e: Event): void {
    if (e instanceof InputEvent && (e.isComposing || e.inputType.startsWith("delete"))) return;
    this.formatAtEnd(!(e instanceof InputEvent) || e.data?.length !== 1);
  }

  private formatAtEnd(isWhole: boolean): void {
    if (this.input.selectionStart === this.input.value.length) this.format(isWhole);
  }

  private format(isWhole: boolean): void {
    const { library, input } = this;
    if (!library || input.value === "") return;
    const text = international(plain(input.value));
    this.followPrefix(library, text);
    const number = isWhole ? this.parse(text) : undefined;
    const formatted = number?.isValid()
      ? number.format(hasPrefix(text) ? "INTERNATIONAL" : "NATIONAL")
      : new library.AsYouType(this.region()).input(text);
    if (formatted !== "" && formatted !== input.value) input.value = formatted;
  }

  private parse(text: string): PhoneNumber | undefined {
    const options: { extract: boolean; defaultCountry?: CountryCode } = { extract: false };
    const region = this.region();
    if (region) options.defaultCountry = region;
    return this.library?.parsePhoneNumberFromString(text, options);
  }

  /** Selects the country of a number with a prefix. Countries with the same prefix differ only in later digits. */
  private followPrefix(library: Library, text: string): void {
    if (!hasPrefix(text)) return;
    const typer = new library.AsYouType();
    typer.input(text);
    const code = typer.getCallingCode();
    if (!code) return;
    const country = typer.getCountry() ?? (this.callingCode() === "+" + code ? undefined : mainCountry(library, code));
    if (country && this.hasOption(country)) this.country.value = country;
  }

  /** After another country was selected, a number with a prefix gets that country's. */
  private changePrefix(): void {
    const { library, input } = this;
    const region = this.region();
    if (!library || !region) return;
    const text = international(plain(input.value));
    if (hasPrefix(text)) {
      const typer = new library.AsYouType();
      typer.input(text);
      const digits = text.slice(1);
      const national = digits.slice((typer.getCallingCode() ?? "").length);
      input.value = new library.AsYouType().input("+" + library.getCountryCallingCode(region) + national);
    } else {
      this.format(true);
    }
  }

  private region(): CountryCode | undefined {
    const code = this.country.value as CountryCode;
    return this.library?.isSupportedCountry(code) ? code : undefined;
  }

  /** The code in the text of the selected option, such as +49 in "Germany (+49)". */
  private callingCode(): string {
    return /\+\d+/.exec(this.country.selectedOptions[0]?.textContent ?? "")?.[0] ?? "";
  }

  private hasOption(country: string): boolean {
    return [...this.country.options].some((o) => o.value === country);
  }
}

/** The text in the form that the library understands: ASCII digits, and only characters of numbers. */
export function plain(text: string): string {
  return text
    .normalize("NFKC") // full-width digits and signs
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/\p{Cf}/gu, "") // invisible marks
    .replace(/\s+/g, " ")
    .replace(/\p{Pd}/gu, "-")
    .trim();
}

/** The digits of a script are ten code points in a row; in Unicode, the row starts at a multiple of 16 or 6 above one. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  const row = point & ~15;
  return String((point & 15) - (/\p{Nd}/u.test(String.fromCodePoint(row)) ? 0 : 6));
}

function international(text: string): string {
  return text.replace(/^\(?\s*00\s*/, "+");
}

function hasPrefix(text: string): boolean {
  return /^\(?\s*(\+|00)/.test(text);
}

/** The largest of the countries with a calling code. */
function mainCountry(library: Library, callingCode: string): CountryCode | undefined {
  return library.metadata.country_calling_codes[callingCode]?.[0];
}
