// Makes one element like another by changing only what differs: focus, scrolling and open menus survive.
export function morph(there, next) {
  if (there.nodeType !== next.nodeType || there.nodeName !== next.nodeName)
    return there.replaceWith(next.cloneNode(true));
  if (there.nodeType !== Node.ELEMENT_NODE) {
    if (there.nodeValue !== next.nodeValue) there.nodeValue = next.nodeValue;
    return;
  }
  if (there.isEqualNode(next)) return;
  morphAttributes(there, next);
  // What a person is typing or has chosen is theirs.
  if (there === document.activeElement && /^(INPUT|TEXTAREA|SELECT)$/.test(there.tagName)) return;
  morphChildren(there, next);
}

function morphAttributes(there, next) {
  for (const { name } of [...there.attributes]) {
    if (name === 'open' && there.tagName === 'DETAILS') continue;
    if (!next.hasAttribute(name)) there.removeAttribute(name);
  }
  for (const { name, value } of next.attributes)
    if (there.getAttribute(name) !== value) there.setAttribute(name, value);
}

function morphChildren(there, next) {
  const byId = new Map([...there.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = there.firstChild;
  for (const wanted of [...next.childNodes]) {
    const same = wanted.id ? byId.get(wanted.id) : undefined;
    if (same) {
      if (same !== at) there.insertBefore(same, at);
      else at = at.nextSibling;
      morph(same, wanted);
    } else if (at && !(at.id && at.id !== wanted.id) && at.nodeName === wanted.nodeName) {
      const after = at.nextSibling;
      morph(at, wanted);
      at = after;
    } else there.insertBefore(wanted.cloneNode(true), at);
  }
  while (at) {
    const after = at.nextSibling;
    at.remove();
    at = after;
  }
}
