/** The page's views, one at a time, each a step in the browser's history. */
import { byId } from './dom.ts';

/** In the order in which a reader goes through them. */
const views = ['choose', 'token', 'meeting'] as const;
export type View = (typeof views)[number];

/** Shows the first view. */
export function startViews(): void {
  window.history.replaceState({ view: 'choose' }, '');
  show('choose');
}

/** Goes one step forward. */
export function goTo(view: View): void {
  window.history.pushState({ view }, '');
  show(view);
}

/** Goes back to an earlier view in the browser's history; resolves when it is shown. */
export function goBackTo(view: View): Promise<void> {
  return new Promise((resolve) => {
    window.addEventListener('popstate', () => resolve(), { once: true });
    window.history.go(views.indexOf(view) - views.indexOf(viewInHistory()));
  });
}

/** The view of the current step in the browser's history. */
export function viewInHistory(): View {
  const { view } = { view: undefined, ...window.history.state };
  return views.find((name) => name === view) ?? 'choose';
}

/** Shows a view and hides the others; the focus and the title follow. */
export function show(view: View): void {
  for (const name of views) {
    byId(name, HTMLElement).hidden = name !== view;
    const step = document.querySelector(`[data-step="${name}"]`);
    if (name === view) step?.setAttribute('aria-current', 'step');
    else step?.removeAttribute('aria-current');
  }
  document.body.dataset['view'] = view;
  const heading = headingOfView();
  document.title = `${heading.textContent} · Booky`;
  heading.focus();
}

/** The heading of the current view. It gets the focus when the focused element disappears. */
export function headingOfView(): HTMLElement {
  return byId(`${document.body.dataset['view']}-heading`, HTMLElement);
}
