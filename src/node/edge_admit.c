#include "node/edge_thread.h"

#include "base/address.h"
#include "base/hash.h"
#include "base/rng.h"
#include "edge/refuse.h"
#include "guard/shed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REFUSAL_SIZE_MAX 8192
#define STRAYS_A_SECOND                                                                            \
    100 /* of one source: more are looked at for a proof before they cost more */
#define SECOND_US 1000000
#define RETRY_S_MIN 5
#define RETRY_S_SPREAD 11 /* 5 to 15 s */

struct admission { /* one thread's */
    struct shed sheds[SOCKET_CLASS_COUNT];
    struct shed streams; /* new work of all TCP connections: waits as long as a turn takes */
    struct rng rng;
    struct sip_glance glance;
    char text[REFUSAL_SIZE_MAX];
    _Atomic uint64_t counts[ADMIT_COUNT_COUNT];
};

const char *admit_count_name(enum admit_count count)
{
    static const char *const names[ADMIT_COUNT_COUNT] = {
        [ADMIT_SHED_INVITE] = "shed_invite",       [ADMIT_SHED_REGISTER] = "shed_register",
        [ADMIT_SHED_OTHER] = "shed_other",         [ADMIT_ACKS_SETTLED] = "acks_settled",
        [ADMIT_STRAYS_DROPPED] = "strays_dropped", [ADMIT_STREAMS_PAUSED] = "streams_paused",
    };
    return names[count];
}

struct admission *admission_new(uint64_t seed)
{
    struct admission *admission = calloc(1, sizeof(*admission));
    if (admission == NULL) {
        return NULL;
    }
    struct shed_terms terms = shed_terms_default();
    for (int i = 0; i < SOCKET_CLASS_COUNT; i++) {
        shed_init(&admission->sheds[i], &terms);
    }
    shed_init(&admission->streams, &terms);
    rng_init(&admission->rng, seed);
    return admission;
}

void admission_free(struct admission *admission)
{
    free(admission);
}

uint64_t admission_count(const struct admission *admission, enum admit_count count)
{
    return atomic_load_explicit(&admission->counts[count], memory_order_relaxed);
}

bool admission_is_waiting(const struct admission *admission, enum socket_class class)
{
    return shed_is_waiting(&admission->sheds[class]);
}

/* ---- strays: what claims a dialog or transaction that nobody knows ---- */

static uint64_t source_hash(const struct edge_role *role, const struct reg_flow *from)
{
    /* An IPv6 customer has a /64 at least. */
    size_t size = address_is_ipv4(from->address) ? 16 : 8;
    return hash_bytes(role->edge.settings.hash_seed, from->address, size);
}

/* A slot is the second (upper half) and how many came in it. Threads may overwrite each other's
 * count: it is a gate, not a bill. */
void stray_note(struct edge_thread *thread, const struct reg_flow *from)
{
    _Atomic uint64_t *slot = &thread->role->strays[source_hash(thread->role, from) % STRAY_SLOTS];
    uint64_t second = (uint64_t)(thread->now.mono_us / SECOND_US);
    uint64_t seen = atomic_load_explicit(slot, memory_order_relaxed);
    uint64_t next = seen >> 32 == (second & UINT32_MAX) ? seen + 1 : second << 32 | 1;
    atomic_store_explicit(slot, next, memory_order_relaxed);
}

static bool is_gate_closed(struct edge_thread *thread, const struct reg_flow *from)
{
    uint64_t seen = atomic_load_explicit(
        &thread->role->strays[source_hash(thread->role, from) % STRAY_SLOTS], memory_order_relaxed);
    uint64_t second = (uint64_t)(thread->now.mono_us / SECOND_US);
    uint64_t count = seen & UINT32_MAX;
    return count >= STRAYS_A_SECOND &&
           (seen >> 32 == (second & UINT32_MAX) || (seen >> 32) + 1 == (second & UINT32_MAX));
}

/* Responses and requests within a dialog: all are taken, but for ACKs to what was refused without
 * state, and for a source that sends many strays those without a proof. */
static bool admit_dialog(struct edge_thread *thread, struct slice bytes,
                         const struct reg_flow *from)
{
    struct admission *admission = thread->admission;
    const struct edge *edge = &thread->role->edge;
    bool is_closed = is_gate_closed(thread, from);
    bool is_ack = slice_starts_with(bytes, SLICE("ACK "));
    if (!is_closed && !(is_ack && shed_is_active(&admission->sheds[SOCKET_INVITE]))) {
        return true;
    }
    enum edge_rank rank = EDGE_RANK_KEEP;
    if (slice_starts_with(bytes, SLICE("SIP/"))) {
        rank =
            edge_branch_is_ours(edge, sip_glance_branch(bytes)) ? EDGE_RANK_KEEP : EDGE_RANK_STRAY;
    } else if (sip_glance(bytes, &admission->glance)) {
        rank = edge_rank_of(edge, &admission->glance, thread->now.wall_us);
    } else if (is_closed) {
        rank = EDGE_RANK_STRAY;
    }
    if (rank == EDGE_RANK_SETTLED) {
        count_one(&admission->counts[ADMIT_ACKS_SETTLED]);
        return false;
    }
    if (rank == EDGE_RANK_STRAY && is_closed) {
        stray_note(thread, from); /* the gate stays closed as long as they come */
        count_one(&admission->counts[ADMIT_STRAYS_DROPPED]);
        return false;
    }
    return true;
}

/* ---- new work ---- */

static int level_of(enum edge_rank rank)
{
    return rank == EDGE_RANK_REFRESH ? 2 : rank == EDGE_RANK_ANSWER ? 1 : 0;
}

static bool is_kept(struct edge_thread *thread, struct slice bytes, enum edge_rank *rank)
{
    struct admission *admission = thread->admission;
    if (!sip_glance(bytes, &admission->glance)) {
        admission->glance.via_count = 0;
        *rank = EDGE_RANK_OTHER;
        return edge_is_emergency_start(&thread->role->edge, bytes);
    }
    *rank = edge_rank_of(&thread->role->edge, &admission->glance, thread->now.wall_us);
    return *rank == EDGE_RANK_KEEP;
}

static void refuse(struct edge_thread *thread, const struct reg_flow *from, const struct shed *shed)
{
    struct admission *admission = thread->admission;
    const struct edge *edge = &thread->role->edge;
    struct reg_flow to;
    struct buf out;
    uint64_t random = rng_u64(&admission->rng);
    int status = 500;
    int retry_s = RETRY_S_MIN + (int)(random % RETRY_S_SPREAD);
    if (admission->glance.method == SIP_REGISTER) {
        retry_s = shed_retry_s(shed, random);
    } else if (admission->glance.method == SIP_INVITE && edge->settings.has_overload_sibling) {
        status = 503; /* without a time: this call goes elsewhere, the next may come here */
        retry_s = 0;
    }
    buf_init(&out, admission->text, sizeof(admission->text));
    edge_refuse(edge, &admission->glance, from, status, retry_s, &out, &to);
    if (!out.is_full) {
        edge_thread_send(thread, &to, buf_done(&out));
    }
}

static enum admit_count count_of(enum socket_class class)
{
    return class == SOCKET_INVITE     ? ADMIT_SHED_INVITE
           : class == SOCKET_REGISTER ? ADMIT_SHED_REGISTER
                                      : ADMIT_SHED_OTHER;
}

/* Always false. */
static bool refuse_early(struct edge_thread *thread, const struct reg_flow *from,
                         enum socket_class class)
{
    struct admission *admission = thread->admission;
    count_one(&admission->counts[count_of(class)]);
    if (admission->glance.via_count > 0) { /* else it would take a parse to answer it */
        refuse(thread, from, &admission->sheds[class]);
    }
    return false;
}

bool admit_datagram(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from,
                    int64_t age_us)
{
    struct admission *admission = thread->admission;
    enum socket_class class = socket_class_of(bytes);
    if (class == SOCKET_DIALOG) {
        return admit_dialog(thread, bytes, from);
    }
    struct shed *shed = &admission->sheds[class];
    enum edge_rank rank = EDGE_RANK_OTHER;
    bool is_calm = shed_is_calm(shed, age_us, thread->now.mono_us);
    bool is_late = thinning_is_late(thread, class, bytes);
    bool is_admitted = (is_calm && !is_late) || is_kept(thread, bytes, &rank);
    if (is_late && !is_admitted) {
        return refuse_early(thread, from, class); /* he may have given up; now he hears it */
    }
    if (!is_calm && level_of(rank) > 0) {
        thinning_note_proof(thread, class, bytes.size);
    }
    is_admitted = is_admitted || shed_admit(shed, level_of(rank), source_hash(thread->role, from),
                                            age_us, rng_u64(&admission->rng));
    thinning_note(thread, class, is_admitted);
    if (is_admitted) {
        return true;
    }
    return refuse_early(thread, from, class);
}

bool admit_stream(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from)
{
    struct admission *admission = thread->admission;
    enum edge_rank rank = EDGE_RANK_OTHER;
    if (socket_class_of(bytes) == SOCKET_DIALOG ||
        shed_is_calm(&admission->streams, thread->turn_us, thread->now.mono_us) ||
        is_kept(thread, bytes, &rank) ||
        shed_admit(&admission->streams, level_of(rank), source_hash(thread->role, from),
                   thread->turn_us, rng_u64(&admission->rng))) {
        return true;
    }
    count_one(&admission->counts[ADMIT_STREAMS_PAUSED]);
    return false;
}
