/** Numbers as people read them. */

/** A whole number with its thousands apart. A browser's own way to say it reads a language first, at what drawing a page takes. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
