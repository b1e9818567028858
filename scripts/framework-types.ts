/** Types of `<mule-upload>` for frameworks' templates; the names come from the manifest. */

const HEAD = `import type { MuleEventMap, MuleUploadElement } from '../element/index.js';
import type { MuleUploadAttributes, MuleUploadListeners, MuleUploadProperties } from './attributes.js';
`;

/** All attributes, properties and listeners, for JSX and Svelte. */
const PROPS = `Omit<HTMLAttributes<MuleUploadElement>, keyof MuleUploadAttributes | keyof MuleUploadProperties> &
        MuleUploadAttributes &
        MuleUploadProperties &
        MuleUploadListeners<'on'>`;

const jsx = (module: string, imports: string, props: string): string => `${imports}
${HEAD.replace('MuleEventMap, ', '')}
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
  react: jsx(
    'react',
    "import type { ClassAttributes, HTMLAttributes } from 'react';",
    `ClassAttributes<MuleUploadElement> &
        ${PROPS}`,
  ),
  preact: jsx(
    'preact',
    "import type { ClassAttributes, HTMLAttributes } from 'preact';",
    `ClassAttributes<MuleUploadElement> &
        ${PROPS}`,
  ),
  solid: jsx(
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
${HEAD.replace('MuleUploadListeners, ', '')}
type Emitted = { [K in keyof MuleEventMap]: (event: MuleEventMap[K]) => void } & {
  input: (event: Event) => void;
  change: (event: Event) => void;
};

declare module 'vue' {
  interface GlobalComponents {
    'mule-upload': new () => MuleUploadElement & {
      $props: HTMLAttributes &
        MuleUploadAttributes &
        MuleUploadProperties & { modelValue?: readonly string[] } & PublicProps;
      $emit: EmitFn<Emitted>;
    };
  }
}
`,
  svelte: `import type { HTMLAttributes } from 'svelte/elements';
${HEAD.replace('MuleEventMap, ', '')}
declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'mule-upload': ${PROPS};
  }
}
`,
};
