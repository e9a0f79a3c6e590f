// Shows the specification that the script's own tag names.
const spec = document.currentScript.dataset.spec;
window.addEventListener("load", () => {
  SwaggerUIBundle({ url: spec, dom_id: "#docs", deepLinking: true });
});
