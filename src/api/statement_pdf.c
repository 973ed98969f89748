/* statement_pdf.c - a statement for people: A4, sums first, then calls by destination, then what
 * was paid and corrected, and what of it ends. Each call stands in the CSV.
 *
 * libharu writes what it is told where it is told; this file knows where. The built-in Helvetica
 * holds Latin-1 (WinAnsi): other letters of a reason are shown as '?'.
 */
#include "api/statement.h"

#include <hpdf.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_WIDTH 595.0F /* A4 in points */
#define PAGE_HEIGHT 842.0F
#define LEFT 56.0F
#define RIGHT (PAGE_WIDTH - 56.0F)
#define TOP (PAGE_HEIGHT - 64.0F)
#define BOTTOM 72.0F
#define ROW_HEIGHT 15.0F
#define PAGES_MAX 2000
#define TEXT_SIZE 200

struct sheet {
    jmp_buf failed; /* libharu gives up by its error handler */
    HPDF_Doc doc;
    HPDF_Page page;
    HPDF_Font plain, bold;
    float y;
    int page_count;
    int decimals; /* of all amounts, so that the points stand below each other: 2 to 6 */
    const struct statement *statement;
    const char *issuer;
    char *made; /* the file */
    size_t made_size;
};

static void give_up(HPDF_STATUS error, HPDF_STATUS detail, void *ctx)
{
    (void)error;
    (void)detail;
    struct sheet *sheet = ctx;
    longjmp(sheet->failed, 1);
}

/* ---- text ---- */

/* UTF-8 to Latin-1, what is not in it as '?'; cut where it does not fit. */
static void to_latin(char *out, size_t out_size, const char *text)
{
    size_t size = 0;
    const unsigned char *c = (const unsigned char *)text;
    while (*c != '\0' && size < out_size - 1) {
        unsigned char shown = *c;
        size_t bytes = 1;
        if (*c >= 0xc0) {
            shown = (*c & 0xfeU) == 0xc2 ? (unsigned char)(((*c & 3U) << 6U) | (c[1] & 0x3fU))
                                         : (unsigned char)'?';
            while ((c[bytes] & 0xc0U) == 0x80) {
                bytes++;
            }
        } else if (*c >= 0x80 || *c < ' ') {
            shown = '?';
        }
        out[size++] = shown >= 0x80 && shown < 0xa0 ? '?' : (char)shown;
        c += bytes;
    }
    out[size] = '\0';
}

enum side { AT_LEFT = 0, AT_RIGHT };

static void write_at(struct sheet *sheet, enum side side, float x, HPDF_Font font, float size,
                     const char *text)
{
    char shown[TEXT_SIZE];
    to_latin(shown, sizeof(shown), text);
    HPDF_Page_SetFontAndSize(sheet->page, font, size);
    if (side == AT_RIGHT) {
        x -= HPDF_Page_TextWidth(sheet->page, shown);
    }
    HPDF_Page_BeginText(sheet->page);
    HPDF_Page_TextOut(sheet->page, x, sheet->y, shown);
    HPDF_Page_EndText(sheet->page);
}

/* No wider than `width`: ends in "..." where it was cut. */
static void write_within(struct sheet *sheet, float x, float width, float size, const char *text)
{
    char shown[TEXT_SIZE];
    to_latin(shown, sizeof(shown) - 3, text);
    HPDF_Page_SetFontAndSize(sheet->page, sheet->plain, size);
    size_t length = strlen(shown);
    while (length > 0 && HPDF_Page_TextWidth(sheet->page, shown) > width) {
        length--;
        memcpy(shown + length, "...", 4);
    }
    HPDF_Page_BeginText(sheet->page);
    HPDF_Page_TextOut(sheet->page, x, sheet->y, shown);
    HPDF_Page_EndText(sheet->page);
}

static void write_money(struct sheet *sheet, float x, HPDF_Font font, float size, int64_t micro)
{
    char text[MONEY_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    money_write(&buf, micro); /* with six */
    text[buf.size - (size_t)(6 - sheet->decimals)] = '\0';
    write_at(sheet, AT_RIGHT, x, font, size, text);
}

static int decimals_of(int64_t micro, int least)
{
    int decimals = 6;
    for (; decimals > least && micro % 10 == 0; micro /= 10) {
        decimals--;
    }
    return decimals;
}

static int decimals_needed(const struct statement *statement)
{
    int decimals = decimals_of(statement->opening_micro, 2);
    decimals = decimals_of(statement->closing_micro, decimals);
    for (int i = 0; i < STATEMENT_KIND_COUNT; i++) {
        decimals = decimals_of(statement->sums[i].amount_micro, decimals);
    }
    for (int i = 0; i < statement->destination_count; i++) {
        decimals = decimals_of(statement->destinations[i].sum.amount_micro, decimals);
    }
    for (int i = 0; i < statement->line_count; i++) {
        if (statement->lines[i].kind != STATEMENT_USAGE) {
            decimals = decimals_of(statement->lines[i].amount_micro, decimals);
            decimals = decimals_of(statement->lines[i].balance_micro, decimals);
        }
    }
    for (int i = 0; i < statement->child_count; i++) {
        decimals = decimals_of(statement->children[i].balance_micro, decimals);
    }
    for (int i = 0; i < statement->promotions.count; i++) {
        decimals = decimals_of(statement->promotions.rows[i].amount_micro, decimals);
        decimals = decimals_of(statement->promotions.rows[i].left_micro, decimals);
    }
    return decimals;
}

static void draw_line(struct sheet *sheet, float y, float grey)
{
    HPDF_Page_SetLineWidth(sheet->page, 0.5F);
    HPDF_Page_SetGrayStroke(sheet->page, grey);
    HPDF_Page_MoveTo(sheet->page, LEFT, y);
    HPDF_Page_LineTo(sheet->page, RIGHT, y);
    HPDF_Page_Stroke(sheet->page);
}

static void format_day(char *out, size_t size, int64_t wall_us, const char *format)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    out[0] = '\0';
    (void)strftime(out, size, format, &tm);
}

/* ---- pages ---- */

static void begin_page(struct sheet *sheet)
{
    if (sheet->page_count == PAGES_MAX) {
        longjmp(sheet->failed, 1);
    }
    sheet->page = HPDF_AddPage(sheet->doc);
    HPDF_Page_SetWidth(sheet->page, PAGE_WIDTH);
    HPDF_Page_SetHeight(sheet->page, PAGE_HEIGHT);
    sheet->page_count++;
    sheet->y = TOP;
}

/* True: it began a new page. */
static bool need(struct sheet *sheet, float height)
{
    if (sheet->y - height >= BOTTOM) {
        return false;
    }
    begin_page(sheet);
    return true;
}

/* At the end, when it is known how many there are. */
static void write_footers(struct sheet *sheet)
{
    char text[TEXT_SIZE];
    char made[32];
    format_day(made, sizeof(made), sheet->statement->wall_made_us, "%Y-%m-%d %H:%M UTC");
    for (int i = 0; i < sheet->page_count; i++) {
        sheet->page = HPDF_GetPageByIndex(sheet->doc, (HPDF_UINT)i);
        draw_line(sheet, BOTTOM - 18.0F, 0.8F);
        sheet->y = BOTTOM - 32.0F;
        HPDF_Page_SetGrayFill(sheet->page, 0.35F);
        snprintf(text, sizeof(text), "%s, %04d-%02d, made on %s. Times are UTC.",
                 sheet->statement->account, sheet->statement->year, sheet->statement->month, made);
        write_at(sheet, AT_LEFT, LEFT, sheet->plain, 8.0F, text);
        snprintf(text, sizeof(text), "Page %d of %d", i + 1, sheet->page_count);
        write_at(sheet, AT_RIGHT, RIGHT, sheet->plain, 8.0F, text);
        HPDF_Page_SetGrayFill(sheet->page, 0.0F);
    }
}

static void write_head(struct sheet *sheet)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    const struct statement *statement = sheet->statement;
    char text[TEXT_SIZE];
    char from[16], to[16];
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 20.0F, "Statement");
    write_at(sheet, AT_RIGHT, RIGHT, sheet->plain, 11.0F, sheet->issuer);
    sheet->y -= 22.0F;
    snprintf(text, sizeof(text), "%s %d", months[statement->month - 1], statement->year);
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 13.0F, text);
    sheet->y -= 14.0F;
    draw_line(sheet, sheet->y, 0.2F);
    sheet->y -= 18.0F;
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 10.0F, "Account");
    write_at(sheet, AT_LEFT, LEFT + 80.0F, sheet->bold, 10.0F, statement->account);
    sheet->y -= ROW_HEIGHT;
    format_day(from, sizeof(from), statement->wall_from_us, "%Y-%m-%d");
    format_day(to, sizeof(to),
               statement->is_final ? statement->wall_to_us - 1 : statement->wall_made_us,
               "%Y-%m-%d");
    snprintf(text, sizeof(text), "%s to %s%s", from, to,
             statement->is_final ? "" : " (the month is not over)");
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 10.0F, "Period");
    write_at(sheet, AT_LEFT, LEFT + 80.0F, sheet->plain, 10.0F, text);
    sheet->y -= ROW_HEIGHT;
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 10.0F, "Amounts in");
    write_at(sheet, AT_LEFT, LEFT + 80.0F, sheet->plain, 10.0F, statement->currency);
    sheet->y -= 2 * ROW_HEIGHT;
}

static void write_sum_row(struct sheet *sheet, const char *title, int64_t count, int64_t micro)
{
    char text[32];
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 10.0F, title);
    snprintf(text, sizeof(text), "%" PRId64, count);
    write_at(sheet, AT_RIGHT, LEFT + 300.0F, sheet->plain, 10.0F, text);
    write_money(sheet, RIGHT, sheet->plain, 10.0F, micro);
    sheet->y -= ROW_HEIGHT;
}

static void write_balance_row(struct sheet *sheet, const char *title, int64_t micro)
{
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 10.0F, title);
    write_money(sheet, RIGHT, sheet->bold, 10.0F, micro);
    sheet->y -= ROW_HEIGHT;
}

static void write_sums(struct sheet *sheet)
{
    static const char *const titles[STATEMENT_KIND_COUNT] = {
        [STATEMENT_TOPUP] = "Top-ups",         [STATEMENT_BONUS] = "Bonuses",
        [STATEMENT_REFUND] = "Refunds",        [STATEMENT_ADJUSTMENT] = "Adjustments",
        [STATEMENT_USAGE] = "Calls",           [STATEMENT_TRANSFER] = "Transfers",
        [STATEMENT_EXPIRY] = "Expired credit",
    };
    const struct statement *statement = sheet->statement;
    write_balance_row(sheet, "Opening balance", statement->opening_micro);
    for (int i = 0; i < STATEMENT_KIND_COUNT; i++) {
        const struct statement_sum *sum = &statement->sums[i];
        if (sum->count != 0 || i == STATEMENT_TOPUP || i == STATEMENT_USAGE) {
            write_sum_row(sheet, titles[i], sum->count, sum->amount_micro);
        }
    }
    draw_line(sheet, sheet->y + 11.0F, 0.6F);
    sheet->y -= 3.0F;
    write_balance_row(sheet, "Closing balance", statement->closing_micro);
    sheet->y -= ROW_HEIGHT;
}

/* ---- tables ---- */

static void write_title(struct sheet *sheet, const char *title)
{
    need(sheet, 5 * ROW_HEIGHT); /* no title alone at the foot */
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 12.0F, title);
    sheet->y -= 20.0F;
}

static void write_destination_titles(struct sheet *sheet)
{
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 9.0F, "Numbers that begin with");
    write_at(sheet, AT_RIGHT, LEFT + 300.0F, sheet->bold, 9.0F, "Calls");
    write_at(sheet, AT_RIGHT, LEFT + 390.0F, sheet->bold, 9.0F, "Talk");
    write_at(sheet, AT_RIGHT, RIGHT, sheet->bold, 9.0F, "Amount");
    draw_line(sheet, sheet->y - 5.0F, 0.6F);
    sheet->y -= ROW_HEIGHT + 3.0F;
}

static void write_destination(struct sheet *sheet, const struct statement_destination *row)
{
    char text[TEXT_SIZE];
    int64_t seconds = row->talk_us / 1000000;
    snprintf(text, sizeof(text), "%s%s%s", row->prefix[0] == '\0' ? "other" : "+", row->prefix,
             row->is_inbound ? " (received)" : "");
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 9.0F, text);
    snprintf(text, sizeof(text), "%" PRId64, row->sum.count);
    write_at(sheet, AT_RIGHT, LEFT + 300.0F, sheet->plain, 9.0F, text);
    snprintf(text, sizeof(text), "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60),
             (int)(seconds % 60));
    write_at(sheet, AT_RIGHT, LEFT + 390.0F, sheet->plain, 9.0F, text);
    write_money(sheet, RIGHT, sheet->plain, 9.0F, row->sum.amount_micro);
    sheet->y -= ROW_HEIGHT;
}

static void write_destinations(struct sheet *sheet)
{
    const struct statement *statement = sheet->statement;
    if (statement->destination_count == 0) {
        return;
    }
    write_title(sheet, "Calls");
    write_destination_titles(sheet);
    for (int i = 0; i < statement->destination_count; i++) {
        if (need(sheet, ROW_HEIGHT)) {
            write_destination_titles(sheet);
        }
        write_destination(sheet, &statement->destinations[i]);
    }
    sheet->y -= ROW_HEIGHT;
}

static void write_payment_titles(struct sheet *sheet)
{
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 9.0F, "Date");
    write_at(sheet, AT_LEFT, LEFT + 70.0F, sheet->bold, 9.0F, "Kind");
    write_at(sheet, AT_LEFT, LEFT + 140.0F, sheet->bold, 9.0F, "Reason");
    write_at(sheet, AT_RIGHT, LEFT + 400.0F, sheet->bold, 9.0F, "Amount");
    write_at(sheet, AT_RIGHT, RIGHT, sheet->bold, 9.0F, "Balance");
    draw_line(sheet, sheet->y - 5.0F, 0.6F);
    sheet->y -= ROW_HEIGHT + 3.0F;
}

static void write_payment(struct sheet *sheet, const struct statement_line *line)
{
    char day[16];
    format_day(day, sizeof(day), line->wall_us, "%Y-%m-%d");
    write_at(sheet, AT_LEFT, LEFT, sheet->plain, 9.0F, day);
    write_at(sheet, AT_LEFT, LEFT + 70.0F, sheet->plain, 9.0F, statement_kind_name(line->kind));
    write_within(sheet, LEFT + 140.0F, 190.0F, 9.0F, line->reason);
    write_money(sheet, LEFT + 400.0F, sheet->plain, 9.0F, line->amount_micro);
    write_money(sheet, RIGHT, sheet->plain, 9.0F, line->balance_micro);
    sheet->y -= ROW_HEIGHT;
}

static void write_payments(struct sheet *sheet)
{
    const struct statement *statement = sheet->statement;
    bool has_title = false;
    for (int i = 0; i < statement->line_count; i++) {
        if (statement->lines[i].kind == STATEMENT_USAGE) {
            continue;
        }
        if (!has_title) {
            write_title(sheet, "Payments and corrections");
        }
        if (need(sheet, ROW_HEIGHT) || !has_title) {
            write_payment_titles(sheet);
        }
        has_title = true;
        write_payment(sheet, &statement->lines[i]);
    }
}

static void write_promotion_titles(struct sheet *sheet)
{
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 9.0F, "Expires");
    write_at(sheet, AT_RIGHT, LEFT + 400.0F, sheet->bold, 9.0F, "Given");
    write_at(sheet, AT_RIGHT, RIGHT, sheet->bold, 9.0F, "Left");
    draw_line(sheet, sheet->y - 5.0F, 0.6F);
    sheet->y -= ROW_HEIGHT + 3.0F;
}

/* As it is when the statement is made. */
static void write_promotions(struct sheet *sheet)
{
    const struct promotions *all = &sheet->statement->promotions;
    if (promotions_left(all) <= 0) {
        return;
    }
    sheet->y -= ROW_HEIGHT;
    write_title(sheet, "Promotional credit");
    write_promotion_titles(sheet);
    for (int i = 0; i < all->count; i++) {
        char day[24];
        if (all->rows[i].left_micro <= 0) {
            continue;
        }
        if (need(sheet, ROW_HEIGHT)) {
            write_promotion_titles(sheet);
        }
        format_day(day, sizeof(day), all->rows[i].wall_ends_us, "%Y-%m-%d %H:%M");
        write_at(sheet, AT_LEFT, LEFT, sheet->plain, 9.0F, day);
        write_money(sheet, LEFT + 400.0F, sheet->plain, 9.0F, all->rows[i].amount_micro);
        write_money(sheet, RIGHT, sheet->plain, 9.0F, all->rows[i].left_micro);
        sheet->y -= ROW_HEIGHT;
    }
}

static void write_child_titles(struct sheet *sheet)
{
    write_at(sheet, AT_LEFT, LEFT, sheet->bold, 9.0F, "Name");
    write_at(sheet, AT_RIGHT, RIGHT, sheet->bold, 9.0F, "Balance now");
    draw_line(sheet, sheet->y - 5.0F, 0.6F);
    sheet->y -= ROW_HEIGHT + 3.0F;
}

/* As they are when the statement is made. */
static void write_children(struct sheet *sheet)
{
    const struct statement *statement = sheet->statement;
    if (statement->child_count == 0) {
        return;
    }
    sheet->y -= ROW_HEIGHT;
    write_title(sheet, "Sub-accounts");
    write_child_titles(sheet);
    for (int i = 0; i < statement->child_count; i++) {
        if (need(sheet, ROW_HEIGHT)) {
            write_child_titles(sheet);
        }
        write_at(sheet, AT_LEFT, LEFT, sheet->plain, 9.0F, statement->children[i].name);
        write_money(sheet, RIGHT, sheet->plain, 9.0F, statement->children[i].balance_micro);
        sheet->y -= ROW_HEIGHT;
    }
    if (!statement->has_all_children) {
        need(sheet, ROW_HEIGHT);
        write_at(sheet, AT_LEFT, LEFT, sheet->plain, 9.0F, "There are more.");
        sheet->y -= ROW_HEIGHT;
    }
}

static bool save(struct sheet *sheet)
{
    if (HPDF_SaveToStream(sheet->doc) != HPDF_OK) {
        return false;
    }
    HPDF_UINT32 size = HPDF_GetStreamSize(sheet->doc);
    sheet->made = malloc((size_t)size + 1);
    if (sheet->made == NULL ||
        HPDF_ReadFromStream(sheet->doc, (HPDF_BYTE *)sheet->made, &size) != HPDF_OK) {
        return false;
    }
    sheet->made_size = size;
    return true;
}

static bool fill(struct sheet *sheet)
{
    const struct statement *statement = sheet->statement;
    char title[TEXT_SIZE];
    if (setjmp(sheet->failed) != 0) {
        return false;
    }
    HPDF_SetErrorHandler(sheet->doc, give_up); /* from here on there is somewhere to go back to */
    snprintf(title, sizeof(title), "Statement of %s, %04d-%02d", statement->account,
             statement->year, statement->month);
    HPDF_SetInfoAttr(sheet->doc, HPDF_INFO_TITLE, title);
    HPDF_SetCompressionMode(sheet->doc, HPDF_COMP_ALL);
    sheet->plain = HPDF_GetFont(sheet->doc, "Helvetica", "WinAnsiEncoding");
    sheet->bold = HPDF_GetFont(sheet->doc, "Helvetica-Bold", "WinAnsiEncoding");
    begin_page(sheet);
    write_head(sheet);
    write_sums(sheet);
    write_destinations(sheet);
    write_payments(sheet);
    write_promotions(sheet);
    write_children(sheet);
    write_footers(sheet);
    return save(sheet);
}

bool statement_write_pdf(const struct statement *statement, const char *issuer, char **text,
                         size_t *size)
{
    struct sheet sheet = {
        .statement = statement, .issuer = issuer, .decimals = decimals_needed(statement)};
    sheet.doc = HPDF_New(NULL, &sheet);
    if (sheet.doc == NULL) {
        return false;
    }
    bool is_made = fill(&sheet);
    HPDF_Free(sheet.doc);
    if (!is_made) {
        free(sheet.made);
        return false;
    }
    *text = sheet.made;
    *size = sheet.made_size;
    return true;
}
