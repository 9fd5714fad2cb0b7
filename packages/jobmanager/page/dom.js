// Elements made of names, attributes and children. Text is only ever text: nothing in this page builds markup from
// strings, so whatever a job is called, it is shown as it is.

const SVG = 'http://www.w3.org/2000/svg'

/** @param {Element} element */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value))
    }
  }
  for (const child of children.flat(Number.POSITIVE_INFINITY)) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child))
    }
  }
  return element
}

/** An HTML element; children are elements, texts, lists of them, or nothing. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children)
}

/** An SVG element. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children)
}

/** A card with a heading. */
export function card(title, ...children) {
  return h('section', {}, h('h2', {}, title), ...children)
}

/** Names and values. */
export function facts(pairs) {
  return h(
    'dl',
    { class: 'facts' },
    pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}

/** A table; a column is `{name, number, wide}`, the first cell of a row is its heading. */
export function table(caption, columns, rows, empty) {
  if (rows.length === 0) return h('p', { class: 'faint' }, empty)
  const kind = (index) =>
    columns[index]?.number === true ? 'number' : columns[index]?.wide === true ? 'wide' : null
  const head = columns.map(({ name }, i) => h('th', { scope: 'col', class: kind(i) }, name))
  const body = rows.map((cells) =>
    h(
      'tr',
      {},
      cells.map((cell, i) =>
        i === 0
          ? h('th', { scope: 'row', class: kind(i) }, cell)
          : h('td', { class: kind(i) }, cell),
      ),
    ),
  )
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: '0' },
    h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)),
  )
}

/**
 * Puts `fresh` in the place of what `old` holds, part by part: what is the same stays, so that focus, selection and
 * scroll positions stay too.
 */
export function renew(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh)
    return
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data
    return
  }
  for (const name of old.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && name !== 'open') old.removeAttribute(name)
  }
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  const wanted = [...fresh.childNodes]
  while (old.childNodes.length > wanted.length) old.lastChild.remove()
  for (const [index, child] of wanted.entries()) {
    const known = old.childNodes[index]
    if (known === undefined) old.append(child)
    else renew(known, child)
  }
}
