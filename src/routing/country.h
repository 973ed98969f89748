/* country.h - the country of a number in E.164, by its country code (ITU-T E.164 annex, and the
 * area codes by which the countries of +1 and +7 differ). Says who would bill the call, not where
 * the telephone is.
 */
#ifndef DT_ROUTING_COUNTRY_H
#define DT_ROUTING_COUNTRY_H

#include "base/slice.h"

struct country {
    const char *code;   /* digits that its numbers begin with */
    const char *region; /* ISO 3166-1 alpha-2; "001": of no country (satellites, networks) */
};

/* By the longest code that the digits (without "+") begin with. NULL: none does. */
const struct country *country_of(struct slice digits);

#endif
