/** Types of `<mule-upload>` for the templates of frameworks. `editor-help.ts` generates the types that these import. */

const TYPE_IMPORTS = `import type { MuleEventMap, MuleUploadElement } from '../element/index.js';
import type { MuleUploadAttributes, MuleUploadListeners, MuleUploadProperties } from './attributes.js';
`;

/** All attributes, properties and listeners, for JSX and Svelte. */
const ALL_PROPS = `Omit<HTMLAttributes<MuleUploadElement>, keyof MuleUploadAttributes | keyof MuleUploadProperties> &
        MuleUploadAttributes &
        MuleUploadProperties &
        MuleUploadListeners<'on'>`;

/** Returns a module that declares the element in a framework's namespace `JSX`. */
const jsxModule = (module: string, imports: string, props: string): string => `${imports}
${TYPE_IMPORTS.replace('MuleEventMap, ', '')}
declare module '${module}' {
  namespace JSX {
    interface IntrinsicElements {
      'mule-upload': ${props};
    }
  }
}
`;

/** Declarations by name of the framework. */
export const TYPES_OF_FRAMEWORKS: Readonly<Record<'react' | 'preact' | 'solid' | 'vue' | 'svelte', string>> = {
  react: jsxModule(
    'react',
    "import type { ClassAttributes, HTMLAttributes } from 'react';",
    `ClassAttributes<MuleUploadElement> &
        ${ALL_PROPS}`,
  ),
  preact: jsxModule(
    'preact',
    "import type { ClassAttributes, HTMLAttributes } from 'preact';",
    `ClassAttributes<MuleUploadElement> &
        ${ALL_PROPS}`,
  ),
  solid: jsxModule(
    'solid-js',
    "import type { JSX } from 'solid-js';",
    `Omit<JSX.HTMLAttributes<MuleUploadElement>, keyof MuleUploadAttributes> &
        MuleUploadAttributes &
        MuleUploadListeners<'on:'> & {
          [K in keyof MuleUploadProperties as \`prop:\${K}\`]?: MuleUploadProperties[K];
        }`,
  ),
  // v-model binds the value and its input event
  vue: `import type { EmitFn, HTMLAttributes, PublicProps } from 'vue';
${TYPE_IMPORTS.replace('MuleUploadListeners, ', '')}
type Emitted = { [K in keyof MuleEventMap]: (event: MuleEventMap[K]) => void } & {
  input: (event: Event) => void;
  change: (event: Event) => void;
};

declare module 'vue' {
  interface GlobalComponents {
    'mule-upload': new () => MuleUploadElement & {
      $props: HTMLAttributes &
        MuleUploadAttributes &
        MuleUploadProperties & { modelValue?: MuleUploadProperties['value'] } & PublicProps;
      $emit: EmitFn<Emitted>;
    };
  }
}
`,
  svelte: `import type { HTMLAttributes } from 'svelte/elements';
${TYPE_IMPORTS.replace('MuleEventMap, ', '')}
declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'mule-upload': ${ALL_PROPS};
  }
}
`,
};
