// Starts Swagger UI, and adds what it lacks: labels for screen readers, and the registration's id and token for the next call.

const withoutLinks = {
  wrapComponents: {
    DeepLink: () => ({ text }) => text, // a link inside of a button cannot be reached with the keyboard
    InfoUrl: () => () => null, // the header links to the contract
    ServersContainer: () => () => null, // there is one server: this one
  },
};

const ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#docs",
  plugins: [withoutLinks],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  responseInterceptor: (response) => {
    if (response.url.endsWith("/openapi.yaml")) {
      response.text = response.text.replaceAll("http://localhost:8080", location.origin); // the commands call this server
    }
    const { registration_id, registration_token, campaign_id, users } = response.obj ?? {};
    if (registration_token) {
      ui.preauthorizeApiKey("registrationToken", registration_token);
      fillIn("/registrations/{id}", registration_id, "The id and the token of this registration are");
    } else if (campaign_id) {
      fillIn("/campaigns/{id}", campaign_id, "The id of this campaign is");
    } else if (users?.length) {
      fillIn("/admin/users/{id}", users[0].user_id, "The id of the first user is");
    }
    return response;
  },
  showExtensions: false,
  syntaxHighlight: { activated: false }, // its colors have too little contrast
  tryItOutEnabled: true,
  validatorUrl: null,
});

// fillIn fills in the parameter id of all operations whose path contains a text, and tells the user.
function fillIn(text, id, subject) {
  for (const operation of ui.specSelectors.operations()) {
    const at = [operation.get("path"), operation.get("method")];
    if (!at[0].includes(text)) continue;
    const parameters = ui.specSelectors.specResolvedSubtree(["paths", ...at])?.get("parameters");
    const parameter = parameters?.find((p) => p.get("name") === "id");
    if (parameter) ui.specActions.changeParamByIdentity(at, parameter, id, false);
    else ui.specActions.changeParam(at, "id", "path", id, false); // the operation has not been opened
  }
  document.getElementById("filled").textContent = `${subject} filled in for the other operations.`;
}

// addLabels names the fields and buttons that have no name for screen readers.
function addLabels() {
  for (const field of document.querySelectorAll("#docs :is(input, select, textarea):not([aria-label])")) {
    const parameter = field.closest("[data-param-name]")?.dataset.paramName;
    const example = field.closest(".examples-select") && "Example";
    const body = field.closest(".opblock-section-request-body") && "Request body";
    const text = parameter ?? example ?? body ?? field.placeholder;
    if (text && !field.labels.length) field.setAttribute("aria-label", text);
  }
  name("#docs .copy-to-clipboard button", "Copy");
  name("#docs .close-modal", "Close");
  for (const button of document.querySelectorAll("#docs .auth-btn-wrapper [aria-label]")) button.removeAttribute("aria-label"); // not its text
  for (const heading of document.querySelectorAll("#docs h6")) heading.ariaLevel = "5"; // it is below an h4
  for (const text of document.querySelectorAll("#docs pre:not([tabindex])")) text.tabIndex = 0; // it may scroll
  for (const table of document.querySelectorAll("#docs table[role=region]")) table.removeAttribute("role"); // not a landmark
}

function name(selector, text) {
  for (const element of document.querySelectorAll(selector)) element.setAttribute("aria-label", text);
}

new MutationObserver(addLabels).observe(document.getElementById("docs"), { childList: true, subtree: true });
