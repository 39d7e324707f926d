"""How a page looks: light and dark, on paper, and to those who move by keyboard.

Every pair of text and ground has a contrast of 4.5 to 1 at least (WCAG 2.2 AA).
Nothing is told by colour alone: cited words are underlined and numbered too.
"""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --text: #1c1c1e; --faint: #55585e; --line: #8a8d93;
  --link: #0a4c9c; --mark: #fff0a6; --edge: #8a6a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15171a; --text: #e9e7e3; --faint: #b3b6bc; --line: #74787f;
    --link: #93c0ff; --mark: #4f4100; --edge: #e3c04a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 46rem;
  background: var(--ground); color: var(--text);
  font: 1.0625rem/1.55 Georgia, "Times New Roman", serif; overflow-wrap: anywhere;
}
h1, h2, h3, h4, dl, nav, .place, .chain, .ways, .gap, .skip, .kind, footer {
  font-family: system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1, h2, h3, h4 { line-height: 1.25; margin: 2rem 0 .6rem; }
h1 { font-size: 1.6rem; margin-top: .3rem; }
h2 { font-size: 1.3rem; }
h3 { font-size: 1.1rem; }
h4 { font-size: 1rem; }
.kind + * { margin-top: .2rem; }
p { margin: .6rem 0; }
a { color: var(--link); }
a:focus-visible, main:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
:target { outline: 2px dashed var(--edge); outline-offset: 3px; scroll-margin-top: 4rem; }
.begin:target { outline: none; }
.begin:target + mark { outline: 2px dashed var(--edge); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; }
.kind { margin: 0; color: var(--faint); font-size: .9rem; }
.answer { font-size: 1.2rem; }
.ref { font: .8em system-ui, sans-serif; white-space: nowrap; }
article + article { margin-top: 3rem; border-top: 3px solid var(--line); }
.quotes, .chain ol { list-style: none; padding: 0; }
.quotes > li { margin: 0 0 1.4rem; padding-left: .9rem; border-left: 3px solid var(--line); }
blockquote { margin: 0; white-space: pre-wrap; }
.place, .chain, .ways, .gap, footer { font-size: .875rem; }
.place, .chain, .ways { margin: .3rem 0; }
.place, .gap { color: var(--faint); }
.chain p, .chain ol, .chain li { display: inline; }
.chain li + li::before { content: " → "; content: " → " / ", "; }
.source { margin-bottom: 2rem; }
.text {
  padding: .2rem 1rem; border: 1px solid var(--line); border-radius: 4px;
}
.text p { white-space: pre-wrap; }
.gap { font-style: italic; }
mark {
  background: var(--mark); color: inherit; border-bottom: 2px solid var(--edge);
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
mark b, .text b { font-weight: 700; }
dl { margin: .4rem 0 .8rem; font-size: .875rem; }
dl > div { display: flex; gap: .8rem; padding: .1rem 0; }
dt { flex: 0 0 9rem; color: var(--faint); }
dd { margin: 0; min-width: 0; }
code { font: .92em/1.4 ui-monospace, Consolas, Menlo, monospace; }
footer { margin-top: 3rem; border-top: 3px solid var(--line); }
.away {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; user-select: none;
}
.files > div { display: block; padding: .3rem 0; }
@media (max-width: 30rem) { dl > div { display: block; } }
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --text: #000000; --faint: #3a3a3a; --line: #777777;
    --link: #000000; --mark: #eeeeee; --edge: #000000;
  }
  @page { margin: 18mm 16mm; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .skip, .ways { display: none; }
  a { text-decoration: none; }
  mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h1, h2, h3, h4 { break-after: avoid; }
  .quotes > li { break-inside: avoid; }
  .text { border: 0; padding: 0; }
}
"""
