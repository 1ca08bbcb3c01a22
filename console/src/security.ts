/** What the page's content security policy wants of its program. */

interface Policy {
  createScriptURL(url: string): string;
}

interface Factory {
  createPolicy(name: string, rules: Policy): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("console", { createScriptURL: ours });

/** The URL of a worker, which is a file of this build. */
export function workerUrl(url: string): string {
  return policy ? policy.createScriptURL(url) : ours(url);
}

function ours(url: string): string {
  const parsed = new URL(url, location.href);
  if (parsed.origin !== location.origin) throw new TypeError(`no script of the console: ${url}`);
  return parsed.href;
}

/** Overlays put a style element into the page while they are open; it carries the nonce of the answer. */
export function allowStyles(): void {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
  if (nonce) Object.assign(globalThis, { __webpack_nonce__: nonce });
}
