#include "node/edge_thread.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define RING_SIZE (4u << 20)
#define STALE_US 4000000 /* a new request that waited so long was given up or repeated */
#define WAKE_TAG UINT64_MAX
#define SWEEP_US 1000000
#define SECOND_US 1000000
#define EVENTS_A_SECOND 500 /* of calls and registrations, told by each worker */

void count_one(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void shell_event(void *ctx, const char *kind, struct slice json)
{
    struct edge_thread *thread = ctx;
    edge_event(thread->role, kind, json);
}

/* Calls and registrations are written up while a viewer looks on; the web role hears the rest all
 * the time. The console follows a few calls a second with pleasure, and thousands not at all. */
static bool shell_has_listener(void *ctx)
{
    struct edge_thread *thread = ctx;
    struct edge_role *role = thread->role;
    if (thread->now.mono_us >=
        atomic_load_explicit(&role->followed_until_us, memory_order_relaxed)) {
        return false;
    }
    if (thread->now.mono_us - thread->events_since_us >= SECOND_US) {
        thread->events_since_us = thread->now.mono_us;
        thread->events_told = 0;
    }
    return thread->events_told++ < EVENTS_A_SECOND;
}

static struct tri shell_resolve(void *ctx, const struct edge_host *host,
                                struct target out[TARGETS_MAX], int *count)
{
    struct edge_thread *thread = ctx;
    struct resolver_ask ask = {
        .host = host->name, .port = host->port, .is_tcp = host->is_tcp, .seed = host->seed};
    return resolver_look(thread->role->resolver, &ask, out, count);
}

/* ---- between threads ---- */

bool edge_thread_note(struct edge_thread *to, int producer, const struct note *note,
                      struct slice bytes)
{
    char *place = ring_reserve(&to->rings[producer], sizeof(*note) + bytes.size);
    if (place == NULL) {
        return false;
    }
    struct note copy = *note;
    copy.size = (uint32_t)bytes.size;
    memcpy(place, &copy, sizeof(copy));
    if (bytes.size > 0) {
        memcpy(place + sizeof(copy), bytes.data, bytes.size);
    }
    ring_push(&to->rings[producer]);
    return true;
}

/* Whoever sleeps said so before he looked for work for the last time. Both sides change the flag,
 * so one of them came first: either he found what was put there before this, or it is seen here
 * that he sleeps. */
void edge_thread_wake(struct edge_thread *thread)
{
    if (atomic_fetch_or(&thread->is_asleep, 0) == 0) {
        return;
    }
    uint64_t one = 1;
    ssize_t written = write(thread->wake_fd, &one, sizeof(one));
    (void)written; /* full means that it is awake */
}

static void pass_on(struct edge_thread *thread, int to, const struct note *note, struct slice bytes)
{
    if (edge_thread_note(&thread->role->threads[to], thread->index, note, bytes)) {
        thread->woken |= UINT64_C(1) << to;
    } else {
        count_one(&thread->dropped_full);
    }
}

static void pass_message(struct edge_thread *thread, int to, struct slice bytes,
                         const struct reg_flow *from)
{
    struct note note = {.kind = NOTE_MESSAGE, .flow = *from};
    pass_on(thread, to, &note, bytes);
}

static void wake_others(struct edge_thread *thread)
{
    for (int i = 0; thread->woken != 0 && i < thread->role->worker_count; i++) {
        if ((thread->woken >> i & 1) != 0) {
            edge_thread_wake(&thread->role->threads[i]);
        }
    }
    thread->woken = 0;
}

static void take_message(struct edge_thread *thread, const struct sip_msg *msg,
                         enum sip_parse result, const struct reg_flow *from)
{
    uint64_t strays = edge_counted(thread->engine, EDGE_STRAYS);
    edge_message(thread->engine, msg, result, from, &thread->now);
    if (edge_counted(thread->engine, EDGE_STRAYS) != strays) {
        stray_note(thread, from);
    }
}

void edge_thread_handle(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from,
                        int64_t age_us)
{
    struct sip_msg *msg = &thread->msg;
    if (edge_is_unwanted(thread->engine, bytes, from, &thread->now)) {
        return; /* from a banned source: not even parsed */
    }
    int early = age_us > STALE_US ? EDGE_ANY : edge_owner_early(&thread->role->edge, bytes);
    if (early != EDGE_ANY && early != thread->index) {
        pass_message(thread, early, bytes, from); /* its owner parses it, and nobody else */
        return;
    }
    enum sip_parse result = sip_msg_parse(bytes, msg);
    if (result == SIP_OK) {
        bool is_new = msg->is_request && msg->to.tag.size == 0;
        if (age_us > STALE_US && is_new) {
            count_one(&thread->dropped_stale);
            return;
        }
        int owner = edge_owner(&thread->role->edge, msg);
        if (owner != EDGE_ANY && owner != thread->index) {
            pass_message(thread, owner, bytes, from);
            return;
        }
    }
    take_message(thread, msg, result, from);
}

void edge_thread_refuse(struct edge_thread *thread, struct slice bytes, const struct reg_flow *from)
{
    struct sip_msg *msg = &thread->msg;
    enum sip_parse result = sip_msg_parse(slice_head(bytes, SIP_MESSAGE_SIZE_MAX), msg);
    result = result == SIP_OK ? SIP_BAD_CONTENT_LENGTH : result;
    take_message(thread, msg, result, from);
}

void edge_thread_unreachable(struct edge_thread *thread, const struct reg_flow *to)
{
    struct note note = {.kind = NOTE_UNREACHABLE, .flow = *to};
    for (int i = 0; i < thread->role->worker_count; i++) {
        if (i != thread->index) {
            pass_on(thread, i, &note, (struct slice){NULL, 0});
        }
    }
    edge_unreachable(thread->engine, to, &thread->now);
}

static void take_note(struct edge_thread *thread, const struct note *note, struct slice bytes)
{
    switch ((enum note_kind)note->kind) {
    case NOTE_MESSAGE: {
        struct sip_msg *msg = &thread->msg;
        enum sip_parse result = sip_msg_parse(bytes, msg);
        take_message(thread, msg, result, &note->flow);
        return;
    }
    case NOTE_SEND:
        stream_send(thread->streams, &note->flow, bytes);
        return;
    case NOTE_WAKE:
        edge_wake(thread->engine, note->call, note->generation, &thread->now);
        return;
    case NOTE_UNREACHABLE:
        edge_unreachable(thread->engine, &note->flow, &thread->now);
        return;
    }
}

static void drain_rings(struct edge_thread *thread)
{
    for (int producer = 0; producer < thread->role->worker_count + 2; producer++) {
        if (producer == thread->index) {
            continue;
        }
        struct ring *ring = &thread->rings[producer];
        size_t size;
        const char *bytes;
        for (int i = 0; i < 256 && (bytes = ring_peek(ring, &size)) != NULL; i++) {
            struct note note;
            memcpy(&note, bytes, sizeof(note));
            take_note(thread, &note, slice_make(bytes + sizeof(note), note.size));
            ring_pop(ring);
            thread->taken++;
        }
    }
}

static bool has_notes(struct edge_thread *thread)
{
    for (int producer = 0; producer < thread->role->worker_count + 2; producer++) {
        size_t size;
        if (producer != thread->index && ring_peek(&thread->rings[producer], &size) != NULL) {
            return true;
        }
    }
    return false;
}

void edge_wakeups(struct edge_role *role, int producer, struct edge_thread *self)
{
    struct meter_wakeup wakeups[64];
    int found;
    while ((found = meter_wakeups_take(role->edge.meters, wakeups, 64)) > 0) {
        for (int i = 0; i < found; i++) {
            int to = wakeups[i].worker;
            if (self != NULL && to == self->index) {
                edge_wake(self->engine, wakeups[i].call, wakeups[i].call_generation, &self->now);
                continue;
            }
            struct note note = {.kind = NOTE_WAKE,
                                .call = wakeups[i].call,
                                .generation = wakeups[i].call_generation};
            if (!edge_thread_note(&role->threads[to], producer, &note, (struct slice){NULL, 0})) {
                continue; /* the call's own timer asks again */
            }
            if (self != NULL) {
                self->woken |= UINT64_C(1) << to;
            } else {
                edge_thread_wake(&role->threads[to]);
            }
        }
    }
}

static int timeout_ms(struct edge_thread *thread)
{
    atomic_exchange(&thread->is_asleep, 1);
    if (atomic_load_explicit(&thread->has_commands, memory_order_relaxed) ||
        atomic_load_explicit(&thread->role->is_stopping, memory_order_relaxed) ||
        has_notes(thread)) {
        return 0;
    }
    int64_t deadline_us = edge_deadline(thread->engine);
    int64_t resume_us = stream_resume_at(thread->streams);
    deadline_us = resume_us < deadline_us ? resume_us : deadline_us;
    int64_t now_us = clock_mono_us();
    int64_t wait_us = deadline_us == INT64_MAX ? SWEEP_US : deadline_us - now_us;
    if (wait_us <= 0) {
        return 0;
    }
    return wait_us > SWEEP_US ? (int)(SWEEP_US / 1000) : (int)((wait_us + 999) / 1000);
}

/* Nobody wakes one that naps: it looks for itself, soon. */
static int wait_for_events(struct edge_thread *thread, struct epoll_event events[EVENTS_MAX])
{
    struct epoch *epoch = &thread->role->epoch;
    int64_t slice_us = nap_slice_us(&thread->nap);
    int wait_ms = 0;
    int64_t from_us = clock_mono_us();
    if (slice_us > 0) {
        struct timespec slice = {0, slice_us * 1000};
        epoch_offline(epoch, thread->index);
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &slice, NULL); /* cut short is as good */
    } else {
        wait_ms = timeout_ms(thread);
    }
    if (wait_ms != 0) {
        epoch_offline(epoch, thread->index);
    }
    int count = epoll_wait(thread->epoll_fd, events, EVENTS_MAX, wait_ms);
    atomic_store_explicit(&thread->is_asleep, 0, memory_order_relaxed);
    epoch_online(epoch, thread->index);
    thread->now.mono_us = clock_mono_us();
    thread->now.wall_us = clock_wall_us();
    thinning_note_idle(thread, thread->now.mono_us - from_us);
    return count;
}

void *edge_thread_main(void *argument)
{
    struct edge_thread *thread = argument;
    struct edge_role *role = thread->role;
    int64_t sweep_at_us = 0;
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        struct epoll_event events[EVENTS_MAX];
        int count_of_events = wait_for_events(thread, events);
        int64_t turn_start_us = thread->now.mono_us;
        thread->taken = 0;
        for (int i = 0; i < count_of_events; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == WAKE_TAG) {
                uint64_t value;
                ssize_t got = read(thread->wake_fd, &value, sizeof(value));
                (void)got;
            } else if ((tag & STREAM_TAG) != 0) {
                stream_event(thread->streams, tag, events[i].events);
                thread->taken++;
            } else {
                receive_ready(thread, &role->options->sockets[tag], events[i].events);
            }
        }
        drain_rings(thread); /* first: their senders have them admitted */
        receive_turns(thread);
        thinning_turn(thread);
        edge_tick(thread->engine, &thread->now);
        edge_wakeups(role, thread->index, thread);
        if (atomic_load_explicit(&thread->has_commands, memory_order_relaxed)) {
            edge_command_take(thread);
        }
        if (meter_has_asks(role->edge.meters, thread->now.mono_us)) {
            uint64_t one = 1;
            ssize_t written = write(role->store_wake_fd, &one, sizeof(one));
            (void)written;
        }
        stream_resume(thread->streams, thread->now.mono_us);
        stream_reap(thread->streams);
        if (thread->now.mono_us >= sweep_at_us) {
            sweep_at_us = thread->now.mono_us + SWEEP_US;
            stream_sweep(thread->streams, thread->now.mono_us);
        }
        edge_thread_flush(thread);
        wake_others(thread);
        int64_t end_us = clock_mono_us();
        thread->turn_us = end_us - turn_start_us;
        nap_note(&thread->nap, thread->taken, end_us);
    }
    epoch_offline(&role->epoch, thread->index);
    return NULL;
}

static bool watch(int epoll_fd, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool edge_thread_init(struct edge_thread *thread, struct edge_role *role, int index)
{
    thread->role = role;
    thread->index = index;
    thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread->sender = edge_sender_new(thread);
    thread->receive = receive_batch_new();
    thread->admission = admission_new((uint64_t)clock_wall_us() ^ (uint64_t)index << 56);
    thread->thinning = thinning_new(thread, (uint64_t)clock_wall_us() + (uint64_t)index);
    if (thread->epoll_fd < 0 || thread->wake_fd < 0 || thread->sender == NULL ||
        thread->receive == NULL || thread->admission == NULL || thread->thinning == NULL ||
        !watch(thread->epoll_fd, thread->wake_fd, WAKE_TAG)) {
        return false;
    }
    for (int i = 0; i < role->worker_count + 2; i++) {
        if (!ring_init(&thread->rings[i], i < role->worker_count ? RING_SIZE : 65536)) {
            return false;
        }
    }
    thread->streams = stream_table_new(thread);
    if (thread->streams == NULL) {
        return false;
    }
    const struct role_options *options = role->options;
    for (int i = 0; i < options->socket_count; i++) {
        const struct role_socket *socket = &options->sockets[i];
        bool is_watched = true;
        if (socket->transport == REG_TCP) {
            is_watched = stream_listen(thread->streams, socket);
        } else if (socket->worker == index) {
            is_watched = watch(thread->epoll_fd, socket->fd, (uint64_t)i);
        }
        if (!is_watched) {
            return false;
        }
    }
    struct edge_shell shell = {.ctx = thread,
                               .send = edge_thread_send,
                               .event = shell_event,
                               .has_listener = shell_has_listener,
                               .resolve = shell_resolve};
    uint64_t seed = (uint64_t)clock_wall_us() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32 ^
                    (uint64_t)index;
    thread->now.mono_us = clock_mono_us();
    thread->now.wall_us = clock_wall_us();
    thread->engine = edge_worker_new(&role->edge, index, &shell, seed, thread->now.mono_us);
    return thread->engine != NULL;
}

void edge_thread_done(struct edge_thread *thread)
{
    edge_worker_free(thread->engine);
    stream_table_free(thread->streams);
    for (int i = 0; i < PRODUCERS_MAX; i++) {
        ring_done(&thread->rings[i]);
    }
    edge_sender_free(thread->sender);
    receive_batch_free(thread->receive);
    admission_free(thread->admission);
    thinning_free(thread->thinning);
    if (thread->epoll_fd > 0) {
        close(thread->epoll_fd);
    }
    if (thread->wake_fd > 0) {
        close(thread->wake_fd);
    }
}
