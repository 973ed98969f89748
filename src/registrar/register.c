#include "registrar/ask.h"
#include "registrar/inside.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)

struct sender { /* what a REGISTER brings besides its contacts */
    struct ask_mark mark;
    uint64_t account_id;
    const struct reg_flow *flow;
    struct reg_now now;
    uint64_t random;
};

/* Phones that came back together must not come again together: each gets a little less. */
static int64_t granted_us(const struct registrar_settings *settings, int64_t asked_s,
                          uint64_t random)
{
    uint64_t cut_max_s = (uint64_t)asked_s * (uint64_t)settings->jitter_percent / 100;
    int64_t granted_s = asked_s - (int64_t)(random % (cut_max_s + 1));
    int64_t least_s = asked_s < settings->expires_min_s ? asked_s : settings->expires_min_s;
    return (granted_s < least_s ? least_s : granted_s) * SECOND_US;
}

static bool is_same_flow(const struct reg_flow *a, const struct reg_flow *b)
{
    return a->connection == b->connection && a->port == b->port && a->transport == b->transport &&
           a->listener == b->listener && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static void write_line(struct buf *lines, const struct binding *fixed, struct slice uri,
                       struct slice instance, int64_t now_us)
{
    int64_t left_s = (fixed->expires_at_us - now_us) / SECOND_US;
    buf_slice(lines, SLICE("Contact: <"));
    buf_slice(lines, uri);
    buf_slice(lines, SLICE(">;expires="));
    buf_i64(lines, left_s < 1 ? 1 : left_s);
    if (fixed->q < 1000) {
        char digits[] = {';', 'q', '=', '0', '.', '0', '0', '0'};
        digits[5] = (char)('0' + fixed->q / 100);
        digits[6] = (char)('0' + fixed->q / 10 % 10);
        digits[7] = (char)('0' + fixed->q % 10);
        buf_put(lines, digits, sizeof(digits));
    }
    if (instance.size > 0) {
        buf_slice(lines, SLICE(";+sip.instance=\""));
        buf_slice(lines, instance);
        buf_char(lines, '"');
    }
    if (fixed->reg_id > 0) {
        buf_slice(lines, SLICE(";reg-id="));
        buf_u64(lines, fixed->reg_id);
    }
    buf_slice(lines, SLICE("\r\n"));
}

/* Lists what is bound now; returns how many. */
static int write_aor(struct buf *lines, struct aor *aor, int64_t now_us)
{
    int count = 0;
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        if (binding->expires_at_us > now_us) {
            struct binding_texts texts = binding_texts(binding);
            write_line(lines, binding, texts.uri, texts.instance, now_us);
            count++;
        }
        binding = binding_next(binding);
    }
    return count;
}

enum order { ORDER_NEW = 0, ORDER_REPEAT, ORDER_OLD };

/* RFC 3261 10.3 step 7: within one Call-ID only a higher CSeq may change a binding. A repeat by the
 * network is not an error: it is answered as the first was. */
static enum order order_of(const struct binding *binding, const struct ask_mark *mark)
{
    if (binding->call_id_hash != mark->call_id_hash || mark->cseq > binding->cseq) {
        return ORDER_NEW;
    }
    return mark->cseq == binding->cseq && mark->branch_hash == binding->branch_hash ? ORDER_REPEAT
                                                                                    : ORDER_OLD;
}

static struct binding *find_asked(struct aor *aor, const struct sender *sender)
{
    struct binding *binding = aor_first(aor);
    for (int i = 0; i < aor->binding_count; i++) {
        if (binding->asked_hash == sender->mark.asked_hash && !binding->is_flow_lost &&
            binding->expires_at_us > sender->now.mono_us &&
            is_same_flow(&binding->flow, sender->flow)) {
            return binding;
        }
        binding = binding_next(binding);
    }
    return NULL;
}

/* The common case by far: a phone asks again for exactly what it has, from where it was. Nothing is
 * parsed and nothing moves but the expiry. REG_UNKNOWN: it is not that case. */
static enum reg_result refresh(struct registrar *registrar, struct shard *shard, uint32_t index,
                               const struct sender *sender, struct buf *lines,
                               struct reg_answer *answer)
{
    struct aor *aor = shard->slots[index].aor;
    struct binding *binding = find_asked(aor, sender);
    if (binding == NULL || aor->account_id != sender->account_id) {
        return REG_UNKNOWN;
    }
    enum order order = order_of(binding, &sender->mark);
    if (order == ORDER_OLD) {
        return REG_OUT_OF_ORDER;
    }
    struct binding before = *binding;
    if (order == ORDER_NEW) {
        binding->call_id_hash = sender->mark.call_id_hash;
        binding->branch_hash = sender->mark.branch_hash;
        binding->cseq = sender->mark.cseq;
        binding->wall_refreshed_s = (uint32_t)(sender->now.wall_us / SECOND_US);
        binding->expires_at_us =
            sender->now.mono_us +
            granted_us(&registrar->settings, binding->asked_expires_s, sender->random);
    }
    size_t before_size = lines->size;
    int count = write_aor(lines, aor, sender->now.mono_us);
    if (lines->is_full) {
        *binding = before;
        lines->size = before_size;
        return REG_FULL;
    }
    if (binding->expires_at_us < before.expires_at_us) {
        shard_file(shard, index, aor_due_us(aor, registrar->settings.nonce_life_s));
    }
    *answer = (struct reg_answer){.contact_count = count, .refresh_only = order == ORDER_NEW};
    if (order == ORDER_REPEAT) {
        return REG_REPEATED;
    }
    inside_journal(registrar, shard, index, aor_user(aor));
    return REG_DONE;
}

/* RFC 5626 6: an instance's flow of that number is one binding whatever its URI. Without both, URIs
 * are compared (RFC 3261 10.3 step 7). -1: none. */
static int find_match(const struct draft *draft, const struct contact *contact,
                      const struct sip_uri *uri)
{
    for (int i = 0; i < draft->contact_count; i++) {
        const struct contact *bound = &draft->contacts[i];
        struct sip_uri bound_uri;
        if (contact->fixed.reg_id > 0 && bound->fixed.reg_id > 0) {
            if (contact->fixed.reg_id == bound->fixed.reg_id &&
                slice_equal(contact->instance, bound->instance)) {
                return i;
            }
        } else if (slice_equal(contact->uri, bound->uri) ||
                   (sip_uri_parse(bound->uri, &bound_uri) && sip_uri_equal(&bound_uri, uri))) {
            return i;
        }
    }
    return -1;
}

static void take_out(struct draft *draft, int index)
{
    draft->contact_count--;
    memmove(&draft->contacts[index], &draft->contacts[index + 1],
            (size_t)(draft->contact_count - index) * sizeof(draft->contacts[0]));
}

struct outcome {
    bool has_change;
    bool has_repeat;
    bool has_more_than_refresh;
};

static void bind(const struct registrar_settings *settings, struct draft *draft, int at,
                 const struct ask *ask, int asked, const struct sender *sender,
                 struct outcome *outcome)
{
    struct contact contact = ask->contacts[asked];
    struct binding *fixed = &contact.fixed;
    fixed->call_id_hash = sender->mark.call_id_hash;
    fixed->branch_hash = sender->mark.branch_hash;
    fixed->cseq = sender->mark.cseq;
    fixed->asked_hash = ask->contact_count == 1 ? sender->mark.asked_hash : 0;
    fixed->expires_at_us =
        sender->now.mono_us + granted_us(settings, fixed->asked_expires_s, sender->random);
    fixed->flow = *sender->flow;
    fixed->wall_refreshed_s = (uint32_t)(sender->now.wall_us / SECOND_US);
    fixed->wall_registered_s = fixed->wall_refreshed_s;
    outcome->has_change = true;
    if (at < 0) {
        outcome->has_more_than_refresh = true;
        draft->contacts[draft->contact_count++] = contact;
        return;
    }
    const struct contact *old = &draft->contacts[at];
    fixed->wall_registered_s = old->fixed.wall_registered_s;
    outcome->has_more_than_refresh |= !slice_equal(old->uri, contact.uri) ||
                                      !slice_equal(old->path, contact.path) ||
                                      old->fixed.q != fixed->q || old->fixed.is_flow_lost ||
                                      !is_same_flow(&old->fixed.flow, &fixed->flow);
    draft->contacts[at] = contact;
}

/* A contact that stands twice in one request: the later one counts, it is not out of order. */
static bool is_of_this_request(const struct contact *bound, const struct ask *ask)
{
    for (int i = 0; i < ask->contact_count; i++) {
        if (bound->uri.data == ask->contacts[i].uri.data) {
            return true;
        }
    }
    return false;
}

static enum reg_result apply_one(const struct registrar_settings *settings, struct draft *draft,
                                 const struct ask *ask, int asked, const struct sender *sender,
                                 struct outcome *outcome)
{
    int at = find_match(draft, &ask->contacts[asked], &ask->uris[asked]);
    if (at >= 0 && !is_of_this_request(&draft->contacts[at], ask)) {
        switch (order_of(&draft->contacts[at].fixed, &sender->mark)) {
        case ORDER_OLD:
            return REG_OUT_OF_ORDER;
        case ORDER_REPEAT:
            outcome->has_repeat = true;
            return REG_DONE;
        case ORDER_NEW:
            break;
        }
    }
    if (ask->contacts[asked].fixed.asked_expires_s > 0) {
        bind(settings, draft, at, ask, asked, sender, outcome);
    } else if (at >= 0) {
        take_out(draft, at);
        outcome->has_change = true;
        outcome->has_more_than_refresh = true;
    }
    return REG_DONE;
}

static enum reg_result apply(const struct registrar_settings *settings, struct draft *draft,
                             const struct ask *ask, const struct sender *sender,
                             struct outcome *outcome)
{
    int before_count = draft->contact_count;
    if (ask->is_all) {
        for (int i = 0; i < draft->contact_count; i++) {
            if (order_of(&draft->contacts[i].fixed, &sender->mark) != ORDER_NEW) {
                return REG_OUT_OF_ORDER;
            }
        }
        draft->contact_count = 0;
        *outcome = (struct outcome){.has_change = before_count > 0, .has_more_than_refresh = true};
        return REG_DONE;
    }
    for (int i = 0; i < ask->contact_count; i++) {
        enum reg_result result = apply_one(settings, draft, ask, i, sender, outcome);
        if (result != REG_DONE) {
            return result;
        }
    }
    /* An AOR above a limit that was lowered meanwhile keeps what it has, and gets no more. */
    return draft->contact_count > settings->contacts_max && draft->contact_count > before_count
               ? REG_TOO_MANY
               : REG_DONE;
}

static void write_draft(struct buf *lines, const struct draft *draft, const struct ask *ask,
                        const struct sip_msg *request, int64_t now_us)
{
    for (int i = 0; i < draft->contact_count; i++) {
        const struct contact *contact = &draft->contacts[i];
        write_line(lines, &contact->fixed, contact->uri, contact->instance, now_us);
    }
    if (sip_msg_has(request, SIP_H_PATH) && !ask->is_query && !ask->is_all &&
        sip_msg_has_token(request, SIP_H_SUPPORTED, "path")) {
        buf_slice(lines, SLICE("Path: "));
        buf_slice(lines, ask->contacts[0].path);
        buf_slice(lines, SLICE("\r\n"));
    }
}

/* Works on a copy, so that a refusal half-way through has changed nothing. */
static enum reg_result change(struct registrar *registrar, struct shard *shard, uint32_t index,
                              const struct ask *ask, const struct sender *sender,
                              const struct sip_msg *request, struct draft *draft, struct buf *lines,
                              struct reg_answer *answer)
{
    struct slice user = draft->user; /* the draft's own will point into a block that goes */
    bool was_present = index != SHARD_NONE && shard->slots[index].aor->binding_count > 0;
    int64_t now_us = sender->now.mono_us;
    if (index != SHARD_NONE) {
        aor_unpack(shard->slots[index].aor, registrar->settings.nonce_life_s, now_us, draft);
    }
    struct outcome outcome = {0};
    if (!ask->is_query) {
        draft->account_id = sender->account_id;
        enum reg_result result = apply(&registrar->settings, draft, ask, sender, &outcome);
        if (result != REG_DONE) {
            return result;
        }
    }
    size_t before_size = lines->size;
    write_draft(lines, draft, ask, request, now_us);
    if (lines->is_full ||
        (outcome.has_change && !inside_put(registrar, shard, &index, draft, INSIDE_CEILING))) {
        lines->size = before_size;
        return REG_FULL;
    }
    *answer = (struct reg_answer){.contact_count = draft->contact_count};
    if (!outcome.has_change) {
        return outcome.has_repeat ? REG_REPEATED : REG_DONE;
    }
    inside_journal(registrar, shard, index, user);
    answer->change = (draft->contact_count > 0) - was_present;
    answer->refresh_only = !outcome.has_more_than_refresh;
    return REG_DONE;
}

enum reg_result registrar_register(struct registrar *registrar, struct slice user,
                                   uint64_t account_id, const struct sip_msg *request,
                                   const struct reg_flow *flow, struct reg_now now, uint64_t random,
                                   struct buf *lines, struct reg_answer *answer)
{
    *answer = (struct reg_answer){0};
    if (user.size == 0 || user.size > REG_USER_SIZE_MAX) {
        return REG_BAD_CONTACT;
    }
    struct sender sender = {.mark = ask_mark(request, registrar->settings.hash_seed),
                            .account_id = account_id,
                            .flow = flow,
                            .now = now,
                            .random = random};
    uint64_t user_hash = 0;
    uint32_t index = SHARD_NONE;
    enum reg_result result = REG_UNKNOWN;
    struct shard *shard = inside_enter(registrar, user, &user_hash, &index);
    shard_tell_time(shard, now);
    if (index != SHARD_NONE && sender.mark.asked_hash != 0) {
        result = refresh(registrar, shard, index, &sender, lines, answer);
    }
    inside_leave(shard);
    if (result != REG_UNKNOWN) {
        return result;
    }

    struct ask ask;
    result = ask_read(&ask, request, &registrar->settings);
    if (result != REG_DONE) {
        return result;
    }
    struct draft draft;
    draft.user = user;
    draft.nonce_count = 0;
    draft.contact_count = 0;
    shard = inside_enter(registrar, user, &user_hash, &index);
    draft.user_hash = user_hash;
    result = change(registrar, shard, index, &ask, &sender, request, &draft, lines, answer);
    inside_leave(shard);
    return result;
}
