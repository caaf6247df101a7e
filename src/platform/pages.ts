/** Texts in pages of about so many characters, for whoever reads a page in one go: at least one text each. */
export function pagesOf<Text extends string | null>(texts: readonly Text[], characters: number): Text[][] {
  const pages: Text[][] = [];
  let room = 0;
  for (const text of texts) {
    if (room <= 0) {
      pages.push([]);
      room = characters;
    }
    pages.at(-1)!.push(text);
    room -= (text?.length ?? 0) + 1;
  }
  return pages;
}
