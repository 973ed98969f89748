/* ask.h - what a REGISTER asks for, read and checked before anything is changed.
 *
 * Internal to src/registrar. Views point into the request, or into the ask itself.
 */
#ifndef DT_REGISTRAR_ASK_H
#define DT_REGISTRAR_ASK_H

#include "registrar/record.h"

struct ask_mark { /* enough to tell a repeat, and a refresh that asks for the same again */
    uint64_t call_id_hash;
    uint64_t branch_hash;
    uint64_t asked_hash; /* 0: several Contact headers, or a Path: read in full each time */
    uint32_t cseq;
};

struct ask {
    bool is_query; /* no Contact: RFC 3261 10.2.3 */
    bool is_all;   /* "*": every binding goes (RFC 3261 10.2.2) */
    int contact_count;
    struct contact contacts[REG_CONTACTS_MAX]; /* asked_expires_s 0: this one goes */
    struct sip_uri uris[REG_CONTACTS_MAX];
    char path[REG_PATH_SIZE_MAX];
};

struct ask_mark ask_mark(const struct sip_msg *request, uint64_t hash_seed);

/* REG_DONE: understood. Else REG_TOO_BRIEF, REG_TOO_MANY or REG_BAD_CONTACT. */
enum reg_result ask_read(struct ask *ask, const struct sip_msg *request,
                         const struct registrar_settings *settings);

#endif
