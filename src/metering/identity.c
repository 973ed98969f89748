#include "metering/identity.h"

#include <stdio.h>
#include <string.h>

enum identity_flag { FLAG_CUT = 1, FLAG_OVER = 2 };

void identity_encode(struct buf *out, const struct edge_identity *identity)
{
    wire_put_u64(out, identity->life);
    wire_put_u64(out, identity->incarnation);
    wire_put_slice(out, slice_from_text(identity->nonce));
    wire_put_slice(out, slice_from_text(identity->ledger));
    wire_put_u64(out, identity->version);
    wire_put_slice(out, slice_from_text(identity->timeline));
    wire_put_u64(out, identity->link);
    wire_put_slice(out, slice_from_text(identity->link_hash));
    wire_put_u64(out, identity->opened);
    wire_put_u8(out,
                (uint8_t)((identity->is_cut ? FLAG_CUT : 0) | (identity->is_over ? FLAG_OVER : 0)));
    wire_put_u64(out, identity->position);
    wire_put_u64(out, identity->sequence);
    wire_put_u8(out, (uint8_t)identity->start_count);
    for (int i = 0; i < identity->start_count; i++) {
        wire_put_u64(out, identity->starts[i].above);
        wire_put_slice(out, slice_from_text(identity->starts[i].nonce));
    }
}

/* The first part is what this disk and the other have in common. */
static void make_parts(struct edge_identity *identity)
{
    struct identity_part *common = &identity->parts[0];
    *common =
        (struct identity_part){.up_to = identity->sequence, .incarnation = identity->incarnation};
    memcpy(common->nonce, identity->nonce, sizeof(common->nonce));
    for (int i = 0; i < identity->start_count; i++) {
        const struct identity_start *start = &identity->starts[i];
        struct identity_part *part = &identity->parts[i + 1];
        bool is_last = i + 1 == identity->start_count;
        *part =
            (struct identity_part){.above = start->above,
                                   .up_to = is_last ? UINT64_MAX : identity->starts[i + 1].above,
                                   .offset = start->above};
        memcpy(part->nonce, start->nonce, sizeof(part->nonce));
    }
    identity->part_count = identity->start_count + 1;
}

static bool decode_starts(struct wire_reader *in, struct edge_identity *identity)
{
    int count = wire_get_u8(in);
    if (count > IDENTITY_STARTS_MAX) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        identity->starts[i].above = wire_get_u64(in);
        wire_get_text(in, identity->starts[i].nonce, sizeof(identity->starts[i].nonce));
    }
    identity->start_count = count;
    return true;
}

bool identity_decode(struct slice record, struct edge_identity *out)
{
    struct wire_reader in = {.rest = record};
    struct edge_identity identity;
    memset(&identity, 0, sizeof(identity));
    identity.life = wire_get_u64(&in);
    identity.incarnation = wire_get_u64(&in);
    wire_get_text(&in, identity.nonce, sizeof(identity.nonce));
    wire_get_text(&in, identity.ledger, sizeof(identity.ledger));
    identity.version = wire_get_u64(&in);
    if (!in.is_bad && in.rest.size > 0) {
        wire_get_text(&in, identity.timeline, sizeof(identity.timeline));
        identity.link = wire_get_u64(&in);
        wire_get_text(&in, identity.link_hash, sizeof(identity.link_hash));
        identity.opened = wire_get_u64(&in);
        uint8_t flags = wire_get_u8(&in);
        identity.is_cut = (flags & FLAG_CUT) != 0;
        identity.is_over = (flags & FLAG_OVER) != 0;
        identity.position = wire_get_u64(&in);
        identity.sequence = wire_get_u64(&in);
        if (!decode_starts(&in, &identity)) {
            return false;
        }
    }
    if (in.is_bad) {
        return false;
    }
    if (identity.is_cut) {
        make_parts(&identity);
    }
    *out = identity;
    return true;
}

void identity_begin(struct edge_identity *identity, uint64_t position, uint64_t sequence,
                    const char nonce[33])
{
    if (identity->start_count == 0) {
        identity->position = position;
        identity->sequence = sequence;
    }
    int at = identity->start_count;
    if (at > 0 && identity->starts[at - 1].above == sequence) {
        at--; /* it wrote nothing that is settled */
    }
    if (at == IDENTITY_STARTS_MAX) {
        return; /* the last one's nonce stands for the others too */
    }
    identity->start_count = at + 1;
    struct identity_start *start = &identity->starts[at];
    start->above = sequence;
    snprintf(start->nonce, sizeof(start->nonce), "%s", nonce);
}

void identity_confirm(struct edge_identity *identity, uint64_t session)
{
    identity->opened = session;
    identity->start_count = 0;
    identity->position = 0;
    identity->sequence = 0;
}

struct ledger_disk identity_disk(const struct edge_identity *identity, uint64_t position,
                                 uint64_t sequence)
{
    bool is_let_in = identity->start_count == 0;
    struct ledger_disk disk = {.session = identity->opened,
                               .position = is_let_in ? position : identity->position,
                               .sequence = is_let_in ? sequence : identity->sequence};
    memcpy(disk.nonce, identity->nonce, sizeof(disk.nonce));
    disk.start_count = identity->start_count;
    for (int i = 0; i < identity->start_count; i++) {
        memcpy(disk.starts[i], identity->starts[i].nonce, sizeof(disk.starts[i]));
    }
    return disk;
}

uint64_t identity_part_next(const struct identity_part *part)
{
    uint64_t settled = part->offset + part->settled;
    return (settled > part->above ? settled : part->above) + 1;
}

void identity_part_join(struct identity_part *part, const struct edge_identity *identity,
                        uint64_t incarnation)
{
    part->incarnation = incarnation;
    part->offset = 0;
    memcpy(part->nonce, identity->nonce, sizeof(part->nonce));
}

void identity_cut(struct edge_identity *identity)
{
    identity->is_cut = true;
    make_parts(identity);
}

bool identities_make_room(struct edge_identity *list, int *count)
{
    int at = 0;
    if (*count < IDENTITY_LIVES_MAX) {
        return true;
    }
    while (at < *count && !list[at].is_over) {
        at++;
    }
    if (at == *count) {
        return false;
    }
    memmove(&list[at], &list[at + 1], (size_t)(*count - at - 1) * sizeof(*list));
    --*count;
    return true;
}

/* Where that life's identity is, or would come. */
static int place_of(const struct edge_identity *list, int count, uint64_t life)
{
    int at = count;
    while (at > 0 && list[at - 1].life >= life) {
        at--;
    }
    return at;
}

bool identities_note(struct edge_identity *list, int *count, const struct edge_identity *identity)
{
    int at = place_of(list, *count, identity->life);
    if (at < *count && list[at].life == identity->life) {
        list[at] = *identity;
        return true;
    }
    if (!identities_make_room(list, count)) {
        return identity->is_over; /* nobody will ask for it */
    }
    at = place_of(list, *count, identity->life);
    memmove(&list[at + 1], &list[at], (size_t)(*count - at) * sizeof(*list));
    list[at] = *identity;
    ++*count;
    return true;
}
