/** A `vscode` for tests: it answers anything with itself, and tells which commands and views were registered. */

import Module from "node:module";

export const registered: string[] = [];
const known: Record<string, unknown> = {
  registerCommand: (name: string) => (registered.push(name), stub),
  isTrusted: false, // so that nothing is started
  then: undefined, // it is no promise
};
const stub: unknown = new Proxy(class {}, {
  get: (target, name) => (name in known ? known[String(name)] : name === "prototype" ? target.prototype : stub),
  getPrototypeOf: () => stub as object, // what is bundled copies it, and keeps only its prototype
  set: () => true,
  apply: () => stub,
  construct: () => stub as object,
});

// Loading is the only place where a module of the editor's can be put under those that ask for it.
const loader = Module as unknown as { _load: (name: string, ...rest: unknown[]) => unknown };
const load = loader._load;
loader._load = (name, ...rest) => (name === "vscode" ? stub : load.call(loader, name, ...rest));
export { stub };
