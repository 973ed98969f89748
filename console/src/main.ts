import { render } from 'lit-html';
import { changed, onChange, resume, state } from './state';
import { shell } from './shell';

function decoded(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}

function readRoute(): void {
  state.route = location.hash.replace(/^#\/?/, '').split('/').filter((part) => part !== '').map(decoded);
  state.note = '';
  changed();
}

const root = document.createElement('div');
root.id = 'app';
document.body.append(root);
onChange(() => render(shell(), root));
addEventListener('hashchange', readRoute);
readRoute();
void resume();
// Costs and ages tick by themselves between two readings.
setInterval(() => { if (state.session !== null && !document.hidden) changed(); }, 1000);
