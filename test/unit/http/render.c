/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsed heads as one line of text, for the vectors of the request and response tests. */
#include "render.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
	char *p;
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, RENDER_MAX - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n += SL_MIN((size_t)n, RENDER_MAX - t->n - 1);
}

static void verdict_text(struct text *t, enum sl_http_error error, int verdict)
{
	static const char *const names[] = {
#define NAME(name, status, details) #name,
		SL_HTTP_ERROR_LIST(NAME)
#undef NAME
	};

	if (verdict == SL_HTTP_BAD)
		add(t, "%u %s", sl_http_error_status(error), names[error]);
	else
		add(t, "%s", error ? "more, with an error" : "more");
}

static void version(struct text *t, uint8_t minor)
{
	if (minor != 1)
		add(t, " 1.%u", minor);
}

static void fields(struct text *t, const struct sl_http_field *f, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		add(t, " | %s%.*s=%.*s", f[i].hop ? "-" : "", SL_STR_ARG(f[i].name),
		    SL_STR_ARG(f[i].value));
}

static void framing(struct text *t, enum sl_http_framing framing, uint64_t length)
{
	static const char *const names[] = {" none", " len", " chunked", " eof", " tunnel"};

	add(t, "%s", names[framing]);
	if (framing == SL_HTTP_LENGTH)
		add(t, "=%llu", (unsigned long long)length);
}

void render_request(char out[RENDER_MAX], const struct sl_http_request *req, int verdict,
		    size_t len)
{
	struct text t = {out, 0};

	if (verdict <= 0) {
		verdict_text(&t, req->error, verdict);
		return;
	}
	add(&t, "%.*s %.*s", SL_STR_ARG(req->method), SL_STR_ARG(req->target));
	if (!sl_str_eq(req->path, req->target))
		add(&t, " path=%.*s", SL_STR_ARG(req->path));
	if (req->query.n)
		add(&t, " query=%.*s", SL_STR_ARG(req->query));
	if (req->authority.n)
		add(&t, " auth=%.*s", SL_STR_ARG(req->authority));
	if (!sl_str_eq(req->host, req->authority))
		add(&t, " host=%.*s", SL_STR_ARG(req->host));
	version(&t, req->minor);
	add(&t, "%s%s%s", req->keep_alive ? "" : " close", req->upgrade ? " upgrade" : "",
	    req->expect_continue ? " expect" : "");
	if (req->framing != SL_HTTP_NO_BODY)
		framing(&t, req->framing, req->length);
	if ((size_t)verdict != len)
		add(&t, " +%zu", len - (size_t)verdict);
	fields(&t, req->field, req->n_fields);
}

void render_response(char out[RENDER_MAX], const struct sl_http_response *res, int verdict,
		     size_t len)
{
	struct text t = {out, 0};

	if (verdict <= 0) {
		verdict_text(&t, res->error, verdict);
		return;
	}
	add(&t, "%u %.*s", res->status, SL_STR_ARG(res->reason));
	version(&t, res->minor);
	add(&t, "%s", res->keep_alive ? "" : " close");
	framing(&t, res->framing, res->length);
	if ((size_t)verdict != len)
		add(&t, " +%zu", len - (size_t)verdict);
	fields(&t, res->field, res->n_fields);
}

char *exact_copy(const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);

	if (copy && len)
		memcpy(copy, p, len);
	return copy;
}
