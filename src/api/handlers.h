/* handlers.h - what the routes lead to. Each answers the call. */
#ifndef DT_API_HANDLERS_H
#define DT_API_HANDLERS_H

#include "api/rows.h"

/* res_account.c */
void account_suspend(struct api_call *call);
void account_resume(struct api_call *call);
/* lock.c */
void account_lock(struct api_call *call);
/* money.c */
void money_balance(struct api_call *call);
void money_transfers(struct api_call *call);
void money_topup(struct api_call *call);
void money_bonus(struct api_call *call);
void money_adjust(struct api_call *call);
void money_transfer(struct api_call *call);
void money_refund(struct api_call *call);
/* statement.c */
void money_statement(struct api_call *call);
/* decks.c */
void decks_list(struct api_call *call);
void decks_import(struct api_call *call);
void decks_read(struct api_call *call);
void decks_csv(struct api_call *call);
/* deck_report.c */
void decks_diff(struct api_call *call);
void decks_versions(struct api_call *call);
void decks_rollback(struct api_call *call);
/* api_keys.c */
void api_keys_list(struct api_call *call);
void api_keys_make(struct api_call *call);
void api_keys_revoke(struct api_call *call);
/* session.c */
void session_start(struct api_call *call);
void session_read(struct api_call *call);
void session_end(struct api_call *call);
/* low_balance.c */
void low_balances_list(struct api_call *call);
/* trunk_quality.c */
void trunk_quality_list(struct api_call *call);
/* records.c */
void records_cdrs(struct api_call *call);
void records_refusals(struct api_call *call);
void records_history(struct api_call *call);
/* usage.c */
void usage_export(struct api_call *call);
/* live.c */
void live_calls(struct api_call *call);
void live_exposure(struct api_call *call);
void live_call_end(struct api_call *call);
void live_bindings(struct api_call *call);
void live_explain(struct api_call *call);
void live_events(struct api_call *call);
/* live_bans.c */
void bans_list(struct api_call *call);
void bans_put(struct api_call *call);
void bans_lift(struct api_call *call);
/* status.c */
void status_read(struct api_call *call);
void status_alerts(struct api_call *call);
void status_health(struct api_call *call);
void status_metrics(struct api_call *call);
/* console.c */
void console_page(struct api_call *call);
void console_script(struct api_call *call);
void console_style(struct api_call *call);
void console_icon(struct api_call *call);
void console_openapi(struct api_call *call);

#endif
