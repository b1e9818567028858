import { renderToString } from 'react-dom/server';
import { App } from './app.js';

/** Returns the HTML of the app, for a server to insert into the page. */
export const render = (): string => renderToString(<App />);
