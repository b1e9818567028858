/** Renders the reference of the element from its custom elements manifest. */
import type { ElementDeclaration } from '../scripts/editor-help.js';

interface Row {
  name: string;
  type?: string;
  /** The default value. */
  fallback?: string | undefined;
  description?: string | undefined;
}

const createElement = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  element.append(...content);
  return element;
};

/** Renders a text, with code in backticks. */
const renderText = (text = ''): (Node | string)[] =>
  text.split('`').map((segment, index) => (index % 2 === 1 ? createElement('code', segment) : segment));

/** Renders a table with a heading; omits empty columns. */
function renderSection(id: string, title: string, rows: readonly Row[]): HTMLElement {
  const columns = [
    ['Type', ({ type }: Row) => (type ? [createElement('code', type)] : [])],
    ['Default', ({ fallback }: Row) => (fallback ? [createElement('code', fallback)] : [])],
    ['Meaning', ({ description }: Row) => renderText(description)],
  ] as const;
  const shown = columns.filter(([, contentOf]) => rows.some((row) => contentOf(row).length > 0));
  const headings = ['Name', ...shown.map(([heading]) => heading)].map((heading) => {
    const cell = createElement('th', heading);
    cell.scope = 'col';
    return cell;
  });
  const body = rows.map((row) => {
    const name = createElement('th', createElement('code', row.name));
    name.scope = 'row';
    return createElement('tr', name, ...shown.map(([, contentOf]) => createElement('td', ...contentOf(row))));
  });
  const heading = createElement('h2', title);
  heading.id = id;
  const scrollRegion = createElement(
    'div',
    createElement('table', createElement('thead', createElement('tr', ...headings)), createElement('tbody', ...body)),
  );
  scrollRegion.className = 'scroll';
  scrollRegion.tabIndex = 0;
  scrollRegion.role = 'region';
  scrollRegion.setAttribute('aria-labelledby', id);
  return createElement('section', heading, scrollRegion);
}

/** Renders the sections of the reference. */
function renderSections(element: ElementDeclaration): HTMLElement[] {
  const { attributes, members, events, slots, cssParts, cssProperties, cssStates } = element;
  const publicMembers = members.filter((member) => !member.privacy && !member.static && member.description);
  const fieldsWithAttribute = new Set(attributes.map(({ fieldName }) => fieldName));
  const fields = publicMembers.filter(({ kind, name }) => kind === 'field' && !fieldsWithAttribute.has(name));
  return [
    renderSection(
      'attributes',
      'Attributes',
      attributes.map(({ type, default: fallback, ...rest }) => ({ ...rest, type: type.text, fallback })),
    ),
    renderSection(
      'properties',
      'Properties without an attribute',
      fields.map((field) => ({ ...field, type: field.type?.text ?? '' })),
    ),
    renderSection(
      'methods',
      'Methods',
      publicMembers.flatMap(({ kind, name, description }) => (kind === 'method' ? [{ name, description }] : [])),
    ),
    renderSection(
      'events',
      'Events',
      events.map(({ type, ...rest }) => ({ ...rest, type: type.text })),
    ),
    renderSection(
      'slots',
      'Slots',
      slots.map((slot) => ({ ...slot, name: slot.name || 'default' })),
    ),
    renderSection(
      'parts',
      'Parts',
      cssParts.map((part) => ({ ...part, name: `::part(${part.name})` })),
    ),
    renderSection(
      'custom-properties',
      'Custom properties',
      cssProperties.map(({ default: fallback, ...rest }) => ({ ...rest, fallback })),
    ),
    renderSection(
      'states',
      'States',
      cssStates.map((state) => ({ ...state, name: `:state(${state.name})` })),
    ),
  ];
}

const response = await fetch('/custom-elements.json');
const manifest = (await response.json()) as { modules: { declarations?: ElementDeclaration[] }[] };
const element = manifest.modules
  .flatMap(({ declarations = [] }) => declarations)
  .find(({ tagName }) => tagName === 'mule-upload')!;
document.querySelector('#description')!.replaceChildren(...renderText(element.description));
document.querySelector('#reference')!.append(...renderSections(element));
