/* decks.h - what the handlers of decks share. */
#ifndef DT_API_DECKS_H
#define DT_API_DECKS_H

#include "api/call.h"
#include "rating/deck.h"

json_t *deck_write(const struct deck_row *row);

/* Answers what would change if this version, which is compiled but not stored, were made live. */
void deck_report_new(struct api_call *call, const struct deck_row *row,
                     const struct deck_build *build);

#endif
