SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  showExtensions: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
