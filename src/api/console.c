/* console.c - the console's files and the API's description, which are part of the program. */
#include "api/handlers.h"

#include <string.h>

/* The files are put into the program as they are; their size follows from the two labels. */
#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n" #name "_start:\n"                                                       \
            ".incbin \"" path "\"\n" #name "_end:\n"                                               \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char name##_start[], name##_end[]

EMBED(console_html_file, CONSOLE_DIST "/index.html");
EMBED(console_js_file, CONSOLE_DIST "/app.js");
EMBED(console_css_file, CONSOLE_DIST "/app.css");
EMBED(console_svg_file, CONSOLE_DIST "/favicon.svg");
EMBED(openapi_file, API_SOURCE "/openapi.json");

static void answer_file(struct api_call *call, const char *type, const char *start, const char *end)
{
    struct api_response *response = call->response;
    response->status = 200;
    response->content_type = type;
    response->body = (char *)(uintptr_t)start; /* is_constant: never written nor freed */
    response->body_size = (size_t)(end - start);
    response->is_constant = true;
}

/* Nothing from elsewhere, nothing inline, in nobody's frame (CSP Level 3). */
static void add_policy(struct api_call *call)
{
    api_header(call, "Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
               "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
    api_header(call, "Referrer-Policy", "no-referrer");
    api_header(call, "X-Frame-Options", "DENY");
    api_header(call, "Cache-Control", "no-cache");
}

void console_page(struct api_call *call)
{
    answer_file(call, "text/html; charset=utf-8", console_html_file_start, console_html_file_end);
    add_policy(call);
}

void console_script(struct api_call *call)
{
    answer_file(call, "text/javascript; charset=utf-8", console_js_file_start, console_js_file_end);
    add_policy(call);
}

void console_style(struct api_call *call)
{
    answer_file(call, "text/css; charset=utf-8", console_css_file_start, console_css_file_end);
    add_policy(call);
}

void console_icon(struct api_call *call)
{
    answer_file(call, "image/svg+xml", console_svg_file_start, console_svg_file_end);
    add_policy(call);
}

void console_openapi(struct api_call *call)
{
    answer_file(call, "application/json", openapi_file_start, openapi_file_end);
}
