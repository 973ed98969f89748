/* fields.h - members of a JSON object and fields of a row: one table says how each is read, checked
 * and written. */
#ifndef DT_API_FIELDS_H
#define DT_API_FIELDS_H

#include "api/call.h"

enum field_kind {
    FIELD_U64,      /* a number that is only shown */
    FIELD_TEXT,     /* char array of `size` */
    FIELD_NAME,     /* text that begins with a letter: letters, digits, '-', '_', '.' */
    FIELD_USER,     /* letters, digits and -_.!~*'()&=+$, (RFC 3261 25.1 "user", unescaped) */
    FIELD_DIGITS,   /* text of digits; a leading '+' is dropped */
    FIELD_PREFIXES, /* prefixes of digits with commas between, or "all" */
    FIELD_CURRENCY, /* three capital letters */
    FIELD_BOOL,
    FIELD_NAMED,         /* uint8_t: index of its name in `names` */
    FIELD_MONEY,         /* int64_t micro, a text in JSON; not below zero */
    FIELD_MONEY_OR_NULL, /* as above; -1 is null */
    FIELD_LIMIT,         /* int32_t; NO_LIMIT is null */
    FIELD_I32,           /* min to max */
    FIELD_U16,           /* min to max */
    FIELD_DECK,          /* uint32_t id; 0 is null; read as id or name */
    FIELD_ACCOUNT,       /* uint64_t id; 0 is null; read as id or name */
    FIELD_TRUNK,         /* uint64_t id; 0 is null; read as id or name */
    FIELD_SPECIAL        /* read and written by the functions of the entry */
};

#define FIELD_READ_ONLY 1 /* shown, never taken */
#define FIELD_NEEDED 2    /* must be there when the row is made */
#define FIELD_FIXED 4     /* cannot be changed later */

struct field {
    const char *name;
    enum field_kind kind;
    uint8_t flags;
    size_t offset;
    size_t size;
    const char *const *names; /* NULL-terminated */
    int64_t min, max;
    json_t *(*write)(const void *row); /* NULL: not shown */
    bool (*read)(struct api_call *call, const char *name, const json_t *value, void *row);
};

/* Members of the row as a new object. */
json_t *fields_write(const struct field *fields, const void *row);
/* Changes the row by the body's members. False: the problem is answered and names the member; the
 * row is then half changed. `fields` end with an entry without a name. */
MUST_CHECK bool fields_read(struct api_call *call, const struct field *fields, const json_t *body,
                            bool is_new, void *row);

/* Of values outside rows: text of a member, or NULL with the problem answered. */
const char *field_text(struct api_call *call, const json_t *body, const char *name,
                       size_t size_max);
/* Optional text: "" where it is not there. False: answered. */
MUST_CHECK bool field_optional_text(struct api_call *call, const json_t *body, const char *name,
                                    char *out, size_t size);
MUST_CHECK bool field_money(struct api_call *call, const json_t *body, const char *name,
                            int64_t *micro);
/* False where the body has a member that is not in the NULL-terminated list. */
MUST_CHECK bool field_only(struct api_call *call, const json_t *body, const char *const *names);

#endif
