/* Memory of a worker: no allocation a message once it is warm, and a ceiling at which new work is
 * refused and nothing that was accepted suffers. */
#include "edge/worker.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HAS_OWN_MALLOC 0
#else
#define HAS_OWN_MALLOC 1
#endif
#else
#define HAS_OWN_MALLOC 1
#endif

static volatile bool is_counting; /* the compiler believes that malloc looks at nothing */
static volatile uint64_t allocation_count;

#if HAS_OWN_MALLOC
/* The C library's own, under the names that it keeps for who puts others in their place. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocation_count = allocation_count + (is_counting ? 1 : 0);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocation_count = allocation_count + (is_counting ? 1 : 0);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocation_count = allocation_count + (is_counting ? 1 : 0);
    return __libc_realloc(old, size);
}
#endif

/* What the world around the worker allocates does not count. */
static void *world_malloc(size_t size)
{
    bool was_counting = is_counting;
    is_counting = false;
    void *block = malloc(size);
    is_counting = was_counting;
    return block;
}

static void counted_message(struct edge_worker *worker, const struct sip_msg *msg,
                            enum sip_parse result, const struct reg_flow *from,
                            const struct edge_time *now)
{
    is_counting = true;
    edge_message(worker, msg, result, from, now);
    is_counting = false;
}

static void counted_tick(struct edge_worker *worker, const struct edge_time *now)
{
    is_counting = true;
    edge_tick(worker, now);
    is_counting = false;
}

static enum sip_parse counted_parse(struct slice bytes, struct sip_msg *msg)
{
    is_counting = true;
    enum sip_parse result = sip_msg_parse(bytes, msg);
    is_counting = false;
    return result;
}

#define malloc(size) world_malloc(size)
#define edge_message counted_message
#define edge_tick counted_tick
#define sip_msg_parse counted_parse
#include "edge_harness.c"
#include "edge_talk.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WARM 300
#define MESSAGES 10000

static void options(struct harness *h)
{
    struct h_request request = {.method = "OPTIONS", .uri = "sip:" H_DOMAIN};
    h_ask(h, CAROL, &request);
    H_CHECK(h_take_status(h, CAROL, 200));
}

static void registration(struct harness *h)
{
    static uint32_t cseq = 1;
    struct h_request request = {.method = "REGISTER",
                                .uri = "sip:" H_DOMAIN,
                                .to = "<sip:bob@" H_DOMAIN ">",
                                .call_id = "reg-again",
                                .cseq = ++cseq,
                                .extra = "Expires: 7200\r\n",
                                .is_authorized = true};
    h_ask(h, BOB, &request);
    H_CHECK(h_take_status(h, BOB, 200));
    h_pass(h, H_S);
}

static void challenge(struct harness *h)
{
    struct h_request request = {
        .method = "REGISTER", .uri = "sip:" H_DOMAIN, .to = "<sip:carol@" H_DOMAIN ">"};
    h_ask(h, CAROL, &request);
    H_CHECK(h_take_status(h, CAROL, 401));
}

static void broken(struct harness *h)
{
    h_feed(h, CAROL, SLICE("INVITE sip:bob@" H_DOMAIN " SIP/2.0\r\nTo: x\r\n\r\n"));
}

static void stray(struct harness *h)
{
    struct h_request request = {.method = "BYE", .uri = BOB_URI, .to = "<" BOB_URI ">;tag=none"};
    h_ask(h, CAROL, &request);
    H_CHECK(h_take_status(h, CAROL, 481));
}

/* Alice calls, bob answers with status; a call that is answered has its ACK and its BYE. */
static void call_with(struct harness *h, int status)
{
    static uint32_t number;
    char call_id[32];
    char routes[600];
    snprintf(call_id, sizeof(call_id), "m%u", ++number);
    h_invite(h, ALICE, BOB_URI, call_id);
    H_CHECK(h_take_request(h, BOB, SIP_INVITE));
    h_reply(h, BOB, status, "b1", NULL);
    H_CHECK(h_take_status(h, ALICE, status));
    if (status < 300) {
        h_route_write(h, routes, sizeof(routes));
        struct h_request ack = {.method = "ACK",
                                .uri = "sip:bob@10.2.0.2:5060",
                                .to = "<" BOB_URI ">;tag=b1",
                                .call_id = call_id,
                                .extra = routes};
        h_ask(h, ALICE, &ack);
        struct h_request bye = ack;
        bye.method = "BYE";
        bye.cseq = 2;
        h_ask(h, ALICE, &bye);
        H_CHECK(h_take_request(h, BOB, SIP_BYE));
        h_reply(h, BOB, 200, "b1", NULL);
        H_CHECK(h_take_status(h, ALICE, 200));
    }
    h_forget(h);
    if (number % 32 == 0) {
        h_pass(h, 40 * H_S); /* transactions come to their ends */
        h_forget(h);
    }
}

static void call(struct harness *h)
{
    call_with(h, 200);
}

static void refused_call(struct harness *h)
{
    call_with(h, 486);
}

static void no_message_of_a_warm_worker_allocates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*play)(struct harness *h);
        int messages; /* that one play feeds */
        uint64_t allocations;
    } kinds[] = {
        {"OPTIONS", options, 1, 0},
        {"challenge", challenge, 1, 0},
        {"broken", broken, 1, 0},
        {"stray", stray, 1, 0},
        /* A nonce not seen before is noted in the user's record, which is written anew: the
         * registrar's own memory, counted against its own ceiling. */
        {"registration", registration, 1, 1},
        {"call", call, 5, 1},
        {"refused call", refused_call, 2, 1},
    };
    if (!HAS_OWN_MALLOC) {
        skip(); /* the sanitizer's allocator cannot be counted */
    }
    struct harness *h = h_new();
    h_register(h, BOB);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        registration(h);
        h_forget(h);
        for (int warm = 0; warm < WARM; warm++) {
            kinds[i].play(h);
            h_forget(h);
        }
        allocation_count = 0;
        uint64_t allowed = 0;
        for (int count = 0; count < MESSAGES; count += kinds[i].messages) {
            kinds[i].play(h);
            h_forget(h);
            allowed += kinds[i].allocations;
        }
        if (allocation_count > allowed) {
            print_error("%s: %llu allocations\n", kinds[i].name,
                        (unsigned long long)allocation_count);
        }
        assert_in_range(allocation_count, 0, allowed);
    }
    /* That it would have been seen. */
    uint64_t before = allocation_count;
    is_counting = true;
    free((malloc)(1));
    is_counting = false;
    assert_int_equal(allocation_count, before + 1);
    h_free(h);
}

/* Alice's calls to bob until one is refused; how many are under way. */
static int fill(struct harness *h, const char *prefix)
{
    char call_id[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(call_id, sizeof(call_id), "%s-%d", prefix, i);
        h_invite(h, ALICE, BOB_URI, call_id);
        if (!h_take_request(h, BOB, SIP_INVITE)) {
            H_CHECK(h_take_status(h, ALICE, 503));
            return i;
        }
        if (i > 0) {
            h_forget(h); /* of the first, h->msg is kept */
        }
    }
    return 1000;
}

static void answered_and_ended(struct harness *h, const char *call_id)
{
    char routes[600];
    h_forget(h);
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
    h_route_write(h, routes, sizeof(routes));
    struct h_request bye = {.method = "BYE",
                            .uri = "sip:bob@10.2.0.2:5060",
                            .to = "<" BOB_URI ">;tag=b1",
                            .call_id = call_id,
                            .cseq = 2,
                            .extra = routes};
    h_ask(h, ALICE, &bye);
    assert_true(h_take_request(h, BOB, SIP_BYE));
    h_reply(h, BOB, 200, "b1", NULL);
    assert_true(h_take_status(h, ALICE, 200));
}

/* h->msg becomes bob's copy of the INVITE of a call that is set up first of all. */
static void first_call(struct harness *h, char *copy, size_t *size)
{
    h_invite(h, ALICE, BOB_URI, "first");
    assert_true(h_take_request(h, BOB, SIP_INVITE));
    *size = h->msg.raw.size;
    memcpy(copy, h->msg.raw.data, *size);
}

static void at_its_ceiling_a_worker_refuses_new_calls_and_goes_on_with_the_others(bool is_pool)
{
    static char copy[SIP_MESSAGE_SIZE_MAX];
    size_t size;
    struct harness *h = h_new();
    h_register(h, BOB);
    first_call(h, copy, &size);
    if (is_pool) {
        for (int i = 0; i < 32; i++) { /* blocks of each size that the rest of a call needs */
            call_with(h, 200);
        }
        h->worker->pool.memory_max = h->worker->pool.memory_size;
    }
    int open = fill(h, "fill");
    assert_in_range(open, 1, 64);
    uint64_t memory_size = h->worker->pool.memory_size;
    assert_true(memory_size <= h->worker->pool.memory_max);
    uint64_t full = edge_counted(h->worker, EDGE_FULL);
    assert_true(full > 0);
    for (int i = 0; i < 2000; i++) { /* whatever else comes: nothing grows */
        char call_id[32];
        snprintf(call_id, sizeof(call_id), "more-%d", i);
        h_invite(h, ALICE, BOB_URI, call_id);
        assert_true(h_take_status(h, ALICE, 503));
        h_forget(h);
    }
    assert_int_equal(h->worker->pool.memory_size, memory_size);
    assert_true(edge_counted(h->worker, EDGE_FULL) >= full + 2000);

    assert_int_equal(sip_msg_parse(slice_make(copy, size), &h->msg), SIP_OK);
    if (!is_pool) { /* without a byte left a response cannot be kept to be repeated */
        answered_and_ended(h, "first");
    }
    h_pass(h, 400 * H_S); /* nobody answers the others */
    h_forget(h);
    assert_true(h_is_empty(h));
    assert_int_equal(h->worker->pool.memory_size, memory_size);
    registration(h);
    call_with(h, 200); /* there is room again */
    h_free(h);
}

static void without_a_slot_for_a_call_new_ones_are_refused_and_the_others_go_on(void **state)
{
    (void)state;
    at_its_ceiling_a_worker_refuses_new_calls_and_goes_on_with_the_others(false);
}

static void without_bytes_for_a_call_new_ones_are_refused_and_nothing_grows(void **state)
{
    (void)state;
    at_its_ceiling_a_worker_refuses_new_calls_and_goes_on_with_the_others(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_of_a_warm_worker_allocates),
        cmocka_unit_test(without_a_slot_for_a_call_new_ones_are_refused_and_the_others_go_on),
        cmocka_unit_test(without_bytes_for_a_call_new_ones_are_refused_and_nothing_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
