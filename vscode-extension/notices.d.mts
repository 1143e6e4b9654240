/** The licences of what is bundled. */
import type { Metafile } from "esbuild";

export function packagesOf(metafiles: readonly Metafile[], folder: string): string[];
export function noticesOf(metafiles: readonly Metafile[], folder: string): Promise<string>;
