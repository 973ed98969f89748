/* scn_inside.h - what the files of the parser share. */
#ifndef DT_TEST_SCN_INSIDE_H
#define DT_TEST_SCN_INSIDE_H

#include "scn.h"

/* Each reads the rest of its line. False: words.at stands at, or just after, the word that is
 * wrong; `wanted` may say what should stand there. */
struct scn_reader {
    struct scn *scn;
    struct words words;
    int line;
    const char *wanted;
};

bool scn_fail(struct scn_reader *reader, const char *wanted); /* always false */
bool scn_text(struct scn_reader *reader, char *field, size_t size);
bool scn_count(struct scn_reader *reader, int64_t max, int64_t *out);
bool scn_time(struct scn_reader *reader, int64_t *out_us);
bool scn_money(struct scn_reader *reader, int64_t *out_micro);
bool scn_account(struct scn_reader *reader, int *out);
/* A name, or the name that a group was made with, or "all". */
bool scn_who(struct scn_reader *reader, struct scn_who *out);
bool scn_who_try(struct scn_reader *reader, struct scn_who *out); /* takes nothing if it is none */
bool scn_method(struct scn_reader *reader, enum sip_method *out);

bool scn_parse_account(struct scn_reader *reader);
bool scn_parse_phone(struct scn_reader *reader, bool is_group);
bool scn_parse_carrier(struct scn_reader *reader);
bool scn_parse_rule(struct scn_reader *reader);
bool scn_parse_number(struct scn_reader *reader);
bool scn_parse_price(struct scn_reader *reader, enum scn_deck deck);
bool scn_parse_cost(struct scn_reader *reader, int agent);
bool scn_parse_on_net(struct scn_reader *reader);
bool scn_parse_network(struct scn_reader *reader);
bool scn_parse_at(struct scn_reader *reader);
bool scn_parse_expect(struct scn_reader *reader);

#endif
