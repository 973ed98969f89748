#include "routing/route.h"

#include "routing/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct planner { /* what one call's planning reads, and the plan that it writes */
    const struct directory *directory;
    const struct deck_set *decks;
    const struct route_settings *settings;
    const struct route_request *request;
    struct route_plan *plan;
};

static void say(struct route_plan *plan, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(struct route_plan *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(plan->why, sizeof(plan->why), format, arguments);
    va_end(arguments);
}

/* The caller says why just before. */
static void refuse(struct route_plan *plan, enum route_refusal refusal, uint64_t evidence_version)
{
    plan->refusal = refusal;
    plan->kind = ROUTE_NOWHERE;
    plan->step_count = 0;
    plan->evidence_version = evidence_version;
}

static void refuse_unknown(struct route_plan *plan, const char *what)
{
    say(plan, "%s is not known here yet.", what);
    refuse(plan, ROUTE_UNKNOWN, 0);
}

/* A sub-account is suspended with its parent. A parent that is not known here is no reason. */
static bool is_parent_active(const struct planner *planner, struct route_plan *plan)
{
    struct account parent;
    if (plan->payer.parent_id == 0 ||
        directory_account(planner->directory, plan->payer.parent_id, &parent).is != TRI_PRESENT ||
        !parent.is_suspended) {
        return true;
    }
    say(plan, "Account %s, the parent of %s, is suspended by %s: %s", parent.name, plan->payer.name,
        parent.suspended_by, parent.suspended_why);
    refuse(plan, ROUTE_SUSPENDED, parent.version);
    return false;
}

/* Copies the payer's account into the plan. False: refused. Somebody named this account as the
 * payer, so a row that is missing is an incomplete copy and never a "no". */
static bool find_payer(const struct planner *planner, uint64_t account_id)
{
    struct route_plan *plan = planner->plan;
    switch (directory_account(planner->directory, account_id, &plan->payer).is) {
    case TRI_UNKNOWN:
    case TRI_ABSENT:
        refuse_unknown(plan, "The account that pays");
        return false;
    case TRI_PRESENT:
        break;
    }
    plan->payer_account_id = account_id;
    if (plan->payer.is_suspended) {
        say(plan, "Account %s is suspended by %s: %s", plan->payer.name, plan->payer.suspended_by,
            plan->payer.suspended_why);
        refuse(plan, ROUTE_SUSPENDED, plan->payer.version);
        return false;
    }
    return is_parent_active(planner, plan);
}

/* Whose evening is it? NULL: the deck says. */
static const struct zone *payer_zone(const struct planner *planner)
{
    const char *name = planner->plan->payer.time_zone;
    return name[0] == '\0' ? NULL : deck_set_zone(planner->decks, name);
}

/* Price of the plan's number by a deck of the payer's. False: refused. */
static bool find_price(const struct planner *planner, uint32_t deck_id, const char *deck_use)
{
    struct route_plan *plan = planner->plan;
    if (deck_id == 0) {
        say(plan, "Account %s has no %s deck, so this call has no price.", plan->payer.name,
            deck_use);
        refuse(plan, ROUTE_NO_RATE, plan->payer.version);
        return false;
    }
    const struct deck *deck = deck_set_find(planner->decks, deck_id);
    if (deck == NULL) {
        refuse_unknown(plan, "The deck that the account is priced by");
        return false;
    }
    switch (deck_lookup_in_zone(deck, slice_from_text(plan->number), planner->request->wall_s,
                                payer_zone(planner), &plan->price)
                .is) {
    case TRI_UNKNOWN:
        refuse_unknown(plan, "The price");
        return false;
    case TRI_ABSENT:
        say(plan, "The %s deck of account %s has no price for %s.", deck_use, plan->payer.name,
            plan->number);
        refuse(plan, ROUTE_NO_RATE, plan->payer.version);
        return false;
    case TRI_PRESENT:
        break;
    }
    if (strcmp(plan->price.currency, plan->payer.currency) != 0) {
        say(plan, "The %s deck of account %s is in %s, but the account is in %s.", deck_use,
            plan->payer.name, plan->price.currency, plan->payer.currency);
        refuse(plan, ROUTE_NO_RATE, plan->payer.version);
        return false;
    }
    return true;
}

/* Price between our own: by the on-net deck where it names the called number, else the flat rate.
 * False: refused. */
static bool find_on_net_price(const struct planner *planner, struct slice called_digits)
{
    struct route_plan *plan = planner->plan;
    const struct route_settings *settings = planner->settings;
    struct rate rate = settings->on_net_rate;
    const struct deck *deck =
        settings->on_net_deck == 0 ? NULL : deck_set_find(planner->decks, settings->on_net_deck);
    if (settings->on_net_deck != 0 && deck == NULL) {
        refuse_unknown(plan, "The deck of on-net prices");
        return false;
    }
    if (deck != NULL) {
        switch (deck_lookup_in_zone(deck, called_digits, planner->request->wall_s,
                                    payer_zone(planner), &rate)
                    .is) {
        case TRI_PRESENT:
        case TRI_ABSENT:
        case TRI_UNKNOWN:
            break;
        }
    }
    /* Nothing is nothing in every currency; and a rate without one is in the payer's. */
    if (rate_is_free(&rate) || rate.currency[0] == '\0') {
        memcpy(rate.currency, plan->payer.currency, sizeof(rate.currency));
    }
    if (strcmp(rate.currency, plan->payer.currency) != 0) {
        say(plan, "On-net calls are priced in %s, but account %s is in %s.", rate.currency,
            plan->payer.name, plan->payer.currency);
        refuse(plan, ROUTE_NO_RATE, plan->payer.version);
        return false;
    }
    plan->price = rate;
    return true;
}

/* Where a call to this endpoint rings; false: it is disabled. */
static bool aim_at_endpoint(struct route_plan *plan, const struct endpoint *callee)
{
    if (callee->is_disabled) {
        say(plan, "Endpoint %s is disabled.", callee->user);
        refuse(plan, ROUTE_NO_SUCH_NUMBER, callee->version);
        return false;
    }
    plan->kind = ROUTE_TO_ENDPOINT;
    plan->callee_account_id = callee->account_id;
    memcpy(plan->user, callee->user, sizeof(plan->user));
    return true;
}

static bool aim_at_number_endpoint(const struct planner *planner, const struct number *number)
{
    struct endpoint callee;
    switch (directory_endpoint(planner->directory, slice_from_text(number->endpoint_user), &callee)
                .is) {
    case TRI_UNKNOWN:
        refuse_unknown(planner->plan, "The endpoint of this number");
        return false;
    case TRI_ABSENT:
        say(planner->plan, "Number %s belongs to endpoint %s, which is not there.", number->digits,
            number->endpoint_user);
        refuse(planner->plan, ROUTE_NO_SUCH_NUMBER, number->version);
        return false;
    case TRI_PRESENT:
        break;
    }
    return aim_at_endpoint(planner->plan, &callee);
}

static bool aim_at_number_trunk(const struct planner *planner, const struct number *number)
{
    struct route_plan *plan = planner->plan;
    const struct trunk *trunk =
        trunk_set_by_id(directory_trunks(planner->directory), number->trunk_id);
    if (trunk == NULL && !directory_is_loaded(planner->directory)) {
        refuse_unknown(plan, "The trunk of this number");
        return false;
    }
    bool is_own =
        planner->request->trunk != NULL && planner->request->trunk->id == number->trunk_id;
    if (trunk == NULL || is_own || !steps_is_usable(trunk)) {
        say(plan, "Number %s belongs to trunk %s, where %s.", number->digits,
            trunk == NULL ? "(none)" : trunk->name,
            is_own ? "this call comes from" : "no call can be sent now");
        refuse(plan, ROUTE_NO_ROUTE, trunk == NULL ? number->version : trunk->version);
        return false;
    }
    plan->kind = ROUTE_TO_TRUNKS;
    return steps_add(plan, trunk, slice_from_text(plan->number), true, NULL);
}

/* Where a DDI leads. False: refused. */
static bool aim_at_number(const struct planner *planner, const struct number *number)
{
    return number->target == NUMBER_TO_TRUNK ? aim_at_number_trunk(planner, number)
                                             : aim_at_number_endpoint(planner, number);
}

static void say_where(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    if (planner->request->is_not_told) {
        return;
    }
    char per_minute[MONEY_TEXT_SIZE];
    struct buf text;
    buf_init(&text, per_minute, sizeof(per_minute) - 1);
    money_write_nano(&text, plan->price.nano_per_min);
    per_minute[text.size] = '\0';
    const char *payer = plan->payer_account_id == 0 ? "Nobody" : plan->payer.name;
    if (plan->kind == ROUTE_TO_ENDPOINT) {
        say(plan, "%s pays %s %s a minute; it rings at %s.", payer, per_minute,
            plan->price.currency, plan->user);
    } else {
        say(plan, "%s pays %s %s a minute; trunks to try: %d.", payer, per_minute,
            plan->price.currency, plan->step_count);
    }
}

static bool is_emergency_number(const struct route_settings *settings, struct slice dialled)
{
    for (int i = 0; i < settings->emergency_count && i < ROUTE_EMERGENCY_MAX; i++) {
        if (slice_equal(dialled, slice_from_text(settings->emergency[i]))) {
            return true;
        }
    }
    return false;
}

static struct steps_query make_query(const struct planner *planner, struct slice digits)
{
    const struct route_request *request = planner->request;
    return (struct steps_query){.set = directory_trunks(planner->directory),
                                .decks = planner->decks,
                                .digits = digits,
                                .wall_s = request->wall_s,
                                .random = request->random,
                                .quality = request->quality,
                                .quality_count = request->quality_count,
                                .from_trunk_id = request->trunk == NULL ? 0 : request->trunk->id};
}

/* No account, price, suspension or limit is asked. Trunks that are here serve even before the
 * first load is complete. */
static void plan_emergency(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    plan->is_emergency = true;
    plan->kind = ROUTE_TO_TRUNKS;
    plan->price = rate_free(planner->settings->on_net_rate.currency);
    if (!slice_copy_text(planner->request->dialled, plan->number, sizeof(plan->number))) {
        plan->number[0] = '\0'; /* cannot be: it equals a setting of that size */
    }
    struct steps_query query = make_query(planner, planner->request->dialled);
    steps_for_emergency(&query, plan);
    if (plan->step_count > 0) {
        say(plan, "An emergency call: it is free, and trunks to try: %d.", plan->step_count);
    } else if (!directory_is_loaded(planner->directory)) {
        refuse_unknown(plan, "Any trunk for an emergency call");
    } else {
        say(plan, "There is no trunk that an emergency call could go to.");
        refuse(plan, ROUTE_NO_ROUTE, 0);
    }
}

/* Neither a user of ours nor a number. Digits may lack some more (484); a name is nobody's (404).
 */
static void refuse_not_a_number(struct route_plan *plan, struct slice dialled)
{
    struct slice rest = dialled;
    struct slice number = slice_split(&rest, ';');
    bool is_name = false;
    for (size_t i = 0; i < number.size && !is_name; i++) {
        is_name = memchr("0123456789+-.() /*#", number.data[i], 19) == NULL;
    }
    say(plan, "What was dialled is neither a user of ours nor a number.");
    refuse(plan, is_name ? ROUTE_NO_SUCH_NUMBER : ROUTE_BAD_NUMBER, 0);
}

/* A carrier's call to one of our numbers, paid by its owner, or by nobody. */
static void plan_inbound_number(const struct planner *planner, const struct number *number)
{
    struct route_plan *plan = planner->plan;
    struct account owner;
    switch (directory_account(planner->directory, number->account_id, &owner).is) {
    case TRI_UNKNOWN:
    case TRI_ABSENT:
        refuse_unknown(plan, "The account of this number");
        return;
    case TRI_PRESENT:
        break;
    }
    plan->is_inbound = true;
    plan->price = rate_free(owner.currency);
    /* Free is never refused for the owner's state: it costs the owner nothing. */
    bool is_paid = owner.inbound_deck != 0;
    plan->owner_account_id = is_paid ? 0 : owner.id;
    if (is_paid &&
        !(find_payer(planner, owner.id) && find_price(planner, owner.inbound_deck, "inbound"))) {
        return;
    }
    if (aim_at_number(planner, number)) {
        say_where(planner);
    }
}

/* Not one of our numbers: a carrier may not use us to reach another one. */
static void refuse_transit(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    struct steps_query query = make_query(planner, slice_from_text(plan->number));
    struct steps_report report;
    steps_by_route(&query, plan, &report);
    if (report.candidate_count > 0) {
        say(plan, "%s is no number of ours, and trunk %s may not call by other trunks.",
            plan->number, planner->request->trunk->name);
        refuse(plan, ROUTE_NOT_PERMITTED, planner->request->trunk->version);
        return;
    }
    say(plan, "%s is no number of ours.", plan->number);
    refuse(plan, ROUTE_NO_SUCH_NUMBER, 0);
}

static void plan_from_carrier(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    if (!route_normalise(NULL, planner->request->dialled, plan->number)) {
        refuse_not_a_number(plan, planner->request->dialled);
        return;
    }
    struct number number;
    switch (directory_number(planner->directory, slice_from_text(plan->number), &number).is) {
    case TRI_UNKNOWN:
        refuse_unknown(plan, "Whether this is a number of ours");
        return;
    case TRI_ABSENT:
        refuse_transit(planner);
        return;
    case TRI_PRESENT:
        plan_inbound_number(planner, &number);
        return;
    }
}

/* Between endpoints by user name. */
static void plan_to_endpoint(const struct planner *planner, const struct endpoint *callee)
{
    struct slice digits =
        slice_from_text(callee->identity_count > 0 ? callee->identities[0] : callee->user);
    if (aim_at_endpoint(planner->plan, callee) && find_on_net_price(planner, digits)) {
        say_where(planner);
    }
}

static void plan_to_own_number(const struct planner *planner, const struct number *number)
{
    if (aim_at_number(planner, number) &&
        find_on_net_price(planner, slice_from_text(planner->plan->number))) {
        say_where(planner);
    }
}

static void say_left_out(struct route_plan *plan, const struct steps_report *report)
{
    size_t size = strlen(plan->why);
    if (report->other_currency_count > 0) {
        snprintf(plan->why + size, sizeof(plan->why) - size,
                 " The cost of %d is in another currency and was not compared.",
                 report->other_currency_count);
    } else if (report->dear_count > 0) {
        snprintf(plan->why + size, sizeof(plan->why) - size, " Left out as too dear: %d.",
                 report->dear_count);
    }
}

static bool is_hot_number(const struct route_settings *settings, struct slice number)
{
    for (int i = 0; i < settings->hot_count && i < ROUTE_HOT_MAX; i++) {
        if (slice_starts_with(number, slice_from_text(settings->hot[i]))) {
            return true;
        }
    }
    return false;
}

/* By "all", or by a prefix in the account's list. */
static bool is_opened(const struct account *account, struct slice number)
{
    struct slice rest = slice_from_text(account->hot_open);
    if (slice_equal(rest, SLICE("all"))) {
        return true;
    }
    while (rest.size > 0) {
        struct slice prefix = slice_split(&rest, ',');
        if (prefix.size > 0 && slice_starts_with(number, prefix)) {
            return true;
        }
    }
    return false;
}

/* The account's guards against toll fraud. False: refused, by what its row says. */
static bool is_within_guards(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    struct slice number = slice_from_text(plan->number);
    plan->is_hot = is_hot_number(planner->settings, number);
    if (plan->is_hot && !is_opened(&plan->payer, number)) {
        say(plan, "%s is a hot destination, and account %s has not opened it.", plan->number,
            plan->payer.name);
        refuse(plan, ROUTE_CLOSED, plan->payer.version);
        return false;
    }
    if (plan->payer.price_max_micro > 0 &&
        (rate_highest_nano(&plan->price) + 999) / 1000 > plan->payer.price_max_micro) {
        say(plan, "The price of %s is above the ceiling of account %s.", plan->number,
            plan->payer.name);
        refuse(plan, ROUTE_TOO_DEAR, plan->payer.version);
        return false;
    }
    return true;
}

static void plan_to_trunks(const struct planner *planner)
{
    struct route_plan *plan = planner->plan;
    struct steps_query query = make_query(planner, slice_from_text(plan->number));
    struct steps_report report;
    bool is_priced = find_price(planner, plan->payer.sell_deck, "sell");
    query.price = is_priced && !planner->settings->allow_negative_margin ? &plan->price : NULL;
    plan->step_count = 0;
    steps_by_route(&query, plan, &report);
    if (report.candidate_count == report.unpriced_count) {
        if (!directory_is_loaded(planner->directory)) {
            refuse_unknown(plan, "Any route to this number");
            return;
        }
        say(plan, "No trunk takes %s.", plan->number);
        refuse(plan, ROUTE_NO_ROUTE, 0);
        return;
    }
    if (!is_priced) {
        plan->step_count = 0;
        return;
    }
    if (!is_within_guards(planner)) {
        return;
    }
    if (plan->step_count == 0) {
        say(plan, "Every trunk that takes %s costs more than the call sells for.", plan->number);
        refuse(plan, ROUTE_BAD_MARGIN, 0);
        return;
    }
    plan->kind = ROUTE_TO_TRUNKS;
    say_where(planner);
    say_left_out(plan, &report);
}

/* An endpoint's call, or a customer's trunk's: a user of ours, a number of ours, or out. */
static void plan_from_customer(const struct planner *planner, uint64_t account_id)
{
    struct route_plan *plan = planner->plan;
    if (!find_payer(planner, account_id)) {
        return;
    }
    struct endpoint callee;
    switch (directory_endpoint(planner->directory, planner->request->dialled, &callee).is) {
    case TRI_UNKNOWN:
        refuse_unknown(plan, "Whether this is a user of ours");
        return;
    case TRI_PRESENT:
        plan_to_endpoint(planner, &callee);
        return;
    case TRI_ABSENT:
        break;
    }
    if (!route_normalise(&plan->payer, planner->request->dialled, plan->number)) {
        refuse_not_a_number(plan, planner->request->dialled);
        return;
    }
    struct number number;
    switch (directory_number(planner->directory, slice_from_text(plan->number), &number).is) {
    case TRI_UNKNOWN:
        refuse_unknown(plan, "Whether this is a number of ours");
        return;
    case TRI_PRESENT:
        plan_to_own_number(planner, &number);
        return;
    case TRI_ABSENT:
        plan_to_trunks(planner);
        return;
    }
}

void route_plan(const struct directory *directory, const struct deck_set *decks,
                const struct route_settings *settings, const struct route_request *request,
                struct route_plan *out)
{
    *out = (struct route_plan){.refusal = ROUTE_OK};
    const struct planner planner = {.directory = directory,
                                    .decks = decks,
                                    .settings = settings,
                                    .request = request,
                                    .plan = out};
    const struct trunk *trunk = request->trunk;
    bool is_from_carrier = request->endpoint == NULL && (trunk == NULL || trunk->account_id == 0);
    /* A carrier's trunk is no customer, so it gets no route to the emergency services either. */
    if (is_from_carrier && trunk == NULL) {
        say(out, "The call comes from nobody we know.");
        refuse(out, ROUTE_NOT_PERMITTED, 0);
    } else if (is_from_carrier) {
        plan_from_carrier(&planner);
    } else if (is_emergency_number(settings, request->dialled)) {
        plan_emergency(&planner);
    } else {
        plan_from_customer(&planner, request->endpoint != NULL ? request->endpoint->account_id
                                                               : trunk->account_id);
    }
}
