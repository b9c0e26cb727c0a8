// What a reader by keyboard, by ear, or with weak eyes would miss on this page: a list of faults in words. Rules of
// WCAG 2.2 (A and AA) and of ARIA that can be decided from the document alone; names as a screen reader hears them are
// asked of the browser's accessibility tree.
(() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const told = (node) => `<${node.localName}${node.id ? ` id=${node.id}` : ''}> "${(node.textContent ?? '').trim().slice(0, 40)}"`;
  const fault = (rule, node) => faults.push(node ? `${rule}: ${told(node)}` : rule);

  if (!document.documentElement.lang) fault('the language is not named');
  if (!document.title.trim()) fault('there is no title');
  if (!document.querySelector('meta[name=viewport]')) fault('there is no viewport');
  for (const meta of all('meta[name=viewport]')) {
    if (/user-scalable\s*=\s*no|maximum-scale\s*=\s*[01](\.|,|$)/.test(meta.content)) fault('it cannot be enlarged');
  }
  // Headings.
  const headings = all('h1,h2,h3,h4,h5,h6');
  if (headings.filter((node) => node.localName === 'h1').length !== 1) fault('there is not exactly one h1');
  let level = 0;
  for (const node of headings) {
    const own = Number(node.localName[1]);
    if (own > level + 1) fault(`a heading leaps from level ${level}`, node);
    if (!node.textContent.trim()) fault('an empty heading', node);
    level = own;
  }
  // Landmarks.
  for (const mark of ['main', 'body > header', 'nav', 'body > footer']) {
    if (all(mark).length !== 1) fault(`not exactly one ${mark}`);
  }
  const names = new Map();
  for (const node of all('nav,section[aria-label],section[aria-labelledby],[role=region]')) {
    const by = node.getAttribute('aria-labelledby');
    const name = node.getAttribute('aria-label') ?? (by && document.getElementById(by)?.textContent) ?? '';
    if (!name.trim()) fault('a landmark without a name', node);
    const key = `${node.localName === 'nav' ? 'navigation' : 'region'} ${name.trim()}`;
    if (names.has(key)) fault(`two landmarks are called "${name}"`, node);
    names.set(key, node);
  }
  const outside = [...document.body.children].filter((node) => !['HEADER', 'NAV', 'MAIN', 'FOOTER'].includes(node.tagName));
  for (const node of outside) {
    if (!(node.localName === 'a' && node.getAttribute('href') === '#main')) fault('content outside every landmark', node);
  }
  // References.
  const ids = new Set();
  for (const node of all('[id]')) {
    if (ids.has(node.id)) fault('an id is given twice', node);
    ids.add(node.id);
  }
  for (const node of all('a[href^="#"]')) {
    if (!document.getElementById(decodeURIComponent(node.getAttribute('href').slice(1)))) fault(`a link to nowhere (${node.getAttribute('href')})`, node);
  }
  for (const node of all('a')) {
    if (!node.hasAttribute('href')) fault('a link that leads nowhere', node);
  }
  for (const node of all('[aria-labelledby],[aria-describedby]')) {
    const words = `${node.getAttribute('aria-labelledby') ?? ''} ${node.getAttribute('aria-describedby') ?? ''}`;
    for (const id of words.split(/\s+/).filter(Boolean)) if (!ids.has(id)) fault(`refers to no id ${id}`, node);
  }
  // Tables, lists, pictures, what is operated.
  for (const table of all('table')) {
    if (!table.caption?.textContent.trim()) fault('a table without a caption', table);
    for (const head of table.querySelectorAll('th')) {
      if (!['col', 'row', 'colgroup', 'rowgroup'].includes(head.scope)) fault('a head without a scope', head);
      if (!head.textContent.trim()) fault('an empty head', head);
    }
    if (!table.querySelector('th')) fault('a table without heads', table);
    const columns = table.tHead?.rows[0]?.cells.length;
    for (const row of table.tBodies[0]?.rows ?? []) {
      if (columns && row.cells.length !== columns) fault(`a row of ${row.cells.length} cells under ${columns} heads`, row);
      if (row.cells[0]?.localName !== 'th') fault('a row without a head', row);
    }
  }
  for (const list of all('ul,ol')) {
    if ([...list.children].some((node) => node.localName !== 'li')) fault('a list that holds something else', list);
  }
  for (const list of all('dl')) {
    const kinds = [...list.children].map((node) => node.localName);
    if (kinds.some((kind) => kind !== 'dt' && kind !== 'dd') || kinds[0] === 'dd' || kinds.at(-1) === 'dt') fault('terms without what is said of them', list);
  }
  for (const node of all('img,svg')) {
    const name = node.getAttribute('alt') ?? node.getAttribute('aria-label') ?? '';
    if (!name.trim() && node.getAttribute('aria-hidden') !== 'true') fault('a picture without a name', node);
    if (node.localName === 'svg' && node.getAttribute('role') !== 'img' && node.getAttribute('aria-hidden') !== 'true') fault('a drawing that is not said to be one', node);
  }
  for (const node of all('details')) {
    if (node.firstElementChild?.localName !== 'summary' || !node.firstElementChild.textContent.trim()) fault('details without a summary', node);
  }
  for (const node of all('[tabindex]')) {
    if (node.tabIndex > 0) fault('an order of its own for the keyboard', node);
  }
  for (const node of all('a,button,input,select,textarea')) {
    if (node.closest('[aria-hidden=true]')) fault('operated, but hidden from screen readers', node);
    if (node.localName !== 'a' && !node.labels?.length && !node.getAttribute('aria-label') && !node.textContent.trim()) fault('operated, but without a name', node);
  }
  for (const node of all('*')) {
    const style = getComputedStyle(node);
    const scrolls = /(auto|scroll)/.test(style.overflowX) && node.scrollWidth > node.clientWidth + 1;
    if (scrolls && node !== document.documentElement && node !== document.body && node.tabIndex < 0 && !node.querySelector('a,button')) fault('scrolls, but not by keyboard', node);
  }
  for (const node of all('script,iframe,object,embed,link,video,audio,form')) fault('nothing that runs or is fetched', node);

  // Contrast: letters against what is painted behind them.
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  // Asked of each element once: there are thousands.
  const papers = new Map([[null, { colour: [255, 255, 255], opaque: true }]]);
  const behind = (node) => {
    if (papers.has(node)) return papers.get(node);
    const above = behind(node.parentElement);
    const style = getComputedStyle(node);
    const own = numbers(style.backgroundColor);
    const colour = own.length === 3 || own[3] === 1 ? own : own[3] > 0 ? null : above.colour;
    const found = { colour, opaque: above.opaque && Number(style.opacity) === 1 };
    papers.set(node, found);
    return found;
  };
  const worst = { ratio: 21, node: null };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || seen.has(node)) continue;
    seen.add(node);
    const style = getComputedStyle(node);
    const ink = numbers(node.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const { colour: paper, opaque } = behind(node);
    if (!paper || (ink.length === 4 && ink[3] !== 1)) { fault('letters or paper are not opaque', node); continue; }
    if (!opaque) fault('letters are translucent', node);
    const [light, dark] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < worst.ratio) Object.assign(worst, { ratio, node });
    if (ratio < 4.5) fault(`contrast of ${ratio.toFixed(2)} is below 4.5`, node);
    if (parseFloat(style.fontSize) < 11) fault(`letters of ${style.fontSize}`, node);
  }
  return { faults: [...new Set(faults)], texts: seen.size, lowest: worst.ratio };
})()
