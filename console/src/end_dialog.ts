// Asked before a call is ended: Escape and Cancel leave it alone, and Cancel has the focus.

import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import { changed, endCall, state } from './state';

function open(element?: Element): void {
  const dialog = element as HTMLDialogElement | undefined;
  if (dialog !== undefined && dialog.isConnected && !dialog.open) dialog.showModal();
  // Rendered before it is attached: opened once it is.
  else if (dialog !== undefined && !dialog.isConnected) queueMicrotask(() => open(dialog));
}

function cancel(): void {
  state.ending = null;
  changed();
}

export function endDialog(): TemplateResult | typeof nothing {
  const call = state.ending;
  if (call === null) return nothing;
  return html`<dialog ${ref(open)} aria-labelledby="end-title" @close=${cancel}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${call.caller}</b> ${call.wall_answer_us > 0 ? 'is talking to' : 'is calling'} <b>${call.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${cancel}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${() => void endCall(call)}>End the call</button>
    </div>
  </dialog>`;
}
