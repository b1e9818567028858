import { renderToString } from 'react-dom/server';
import { App } from './app.js';

/** The page's content as rendered by the server. */
export const render = (): string => renderToString(<App />);
