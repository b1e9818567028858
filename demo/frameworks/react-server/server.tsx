import { renderToString } from 'react-dom/server';
import { App } from './app.js';

/** The page's content as a server sends it. */
export const render = (): string => renderToString(<App />);
