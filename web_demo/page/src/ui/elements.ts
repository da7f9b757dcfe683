/** Elements of index.html by their id, with the type that they have there. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id ${id}`);
  return found;
}

/** A new element with text. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text = "",
  className = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** Shows a text in an element, or hides the element. */
export function showText(element: HTMLElement, text: string | null): void {
  element.hidden = !text;
  setText(element, text ?? "");
}

/** Touches the document only where the text is another one. */
export function setText(element: Node, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
