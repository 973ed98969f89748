/* words.h - small text files: words of a line, durations, addresses, how a call is met. */
#ifndef DT_TEST_WORDS_H
#define DT_TEST_WORDS_H

#include "base/attr.h"
#include "ua.h"

#define WORDS_MAX 40

struct words { /* views into the line; text in double quotes is one word, without its quotes */
    struct slice list[WORDS_MAX];
    int count;
    int at; /* the next to be read */
};

/* '#' begins a comment. False: too many words or a quote that does not end. */
MUST_CHECK bool words_split(struct slice line, struct words *out);

bool words_is(const struct words *words, const char *text); /* the next word is that */
bool words_take(struct words *words, const char *text);     /* ... and goes by, if it is */
struct slice words_next(struct words *words);               /* the empty slice: no more */
struct slice words_peek(const struct words *words);

/* "1.5s", "200ms", "2m" */
MUST_CHECK bool words_duration(struct slice text, int64_t *out_us);
MUST_CHECK bool words_number(struct slice text, int64_t max, int64_t *out);
/* "127.0.0.1:5060", "[::1]:5060" */
MUST_CHECK bool words_address(struct slice text, struct ua_address *out);

enum words_rule { WORDS_RULE_NONE = 0, WORDS_RULE_TAKEN, WORDS_RULE_BAD };

/* One clause of how calls are met, if the next words are one:
 *   answers after D | refuses CODE [after D] | busy | rings only | silent |
 *   rings after D | never rings | early media | reliably | ignores cancel | hangs up after D
 * BAD: it begins like one and is wrong; words->at stands at the word. */
enum words_rule words_rule(struct words *words, struct ua_rule *rule);
struct ua_rule words_rule_default(void); /* rings at once, answers after 1 s */

#endif
