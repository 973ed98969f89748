/* msg_header.h - header names to ids (RFC 3261 7.3.1 and 7.3.3). Internal to src/sip. */
#ifndef DT_SIP_MSG_HEADER_H
#define DT_SIP_MSG_HEADER_H

#include "sip/msg.h"

/* Size, first and last letter (small) tell all the long names apart: a factor for each of them,
 * found by trying, gives every name a slot of its own. A new name that falls into another's slot is
 * refused by the compiler; then look for other factors. */
#define SIP_HEADER_SLOT_COUNT 128
#define SIP_HEADER_SLOT(size, first, last)                                                         \
    (((unsigned)(size) + 29u * (unsigned)(first) + 11u * (unsigned)(last)) % SIP_HEADER_SLOT_COUNT)

struct sip_header_name {
    char text[22]; /* lower case */
    uint8_t size;  /* 0: an empty slot */
    uint8_t id;
};

extern const struct sip_header_name sip_header_names[SIP_HEADER_SLOT_COUNT];

/* The only long name that it can be. */
static inline const struct sip_header_name *sip_header_slot(size_t size, char first, char last)
{
    return &sip_header_names[SIP_HEADER_SLOT(size, (uint8_t)(first | 0x20),
                                             (uint8_t)(last | 0x20))];
}

/* Long or compact name, without case. The name must be a token. */
enum sip_header_id sip_header_id_from(struct slice name);

/* Does it stand at most once in a message? */
bool sip_header_is_single(enum sip_header_id id);

#endif
