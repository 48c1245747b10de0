/* SPDX-License-Identifier: BSD-3-Clause */
/* Access-log lines from the records that workers write: Istio's default text format. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "sl_ctl.h"

_Static_assert(sizeof(struct sl_log_record) == offsetof(struct sl_log_record, text),
	       "texts follow the struct");
_Static_assert(sizeof(struct sl_log_record) % 8 == 0, "shared layout");

/* A line being written; once it doesn't fit, nothing more is. */
struct line {
	char *p;
	size_t n, cap;
	bool full;
};

/* A record taken apart: lengths are copies, checked against the message. */
struct record {
	struct sl_str text[SL_LOG_TEXTS];
	bool cut[SL_LOG_TEXTS];
	struct sl_log_record r;
};

static void put(struct line *l, const char *s, size_t n)
{
	if (l->full || n >= l->cap - l->n) {
		l->full = true;
		return;
	}
	memcpy(l->p + l->n, s, n);
	l->n += n;
}

static void puts_line(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_number(struct line *l, uint64_t v)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	puts_line(l, buf);
}

/**
 * A client's text, "-" when empty. Whatever could end the field or the line, or steer a terminal,
 * is written as \xNN, so that no request can look like two.
 */
static void put_text(struct line *l, const struct record *rec, enum sl_log_text which, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	struct sl_str s = rec->text[which];

	if (s.n == 0) {
		puts_line(l, "-");
		return;
	}
	for (uint32_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char esc[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

		if (c < ' ' || c >= 0x7f || c == '"' || c == '\\' || (c == ' ' && !quoted))
			put(l, esc, sizeof(esc));
		else
			put(l, (const char *)&c, 1);
	}
	if (rec->cut[which])
		puts_line(l, "...");
}

static void put_quoted(struct line *l, const struct record *rec, enum sl_log_text which)
{
	puts_line(l, " \"");
	put_text(l, rec, which, true);
	puts_line(l, "\"");
}

static void put_addr(struct line *l, const struct sl_ip *ip, uint16_t port, bool known)
{
	char buf[SL_IP_PORT_TEXT_MAX];

	puts_line(l, known ? sl_ip_port_format(ip, port, buf) : "-");
}

/** %START_TIME%: RFC 3339 in UTC with milliseconds. */
static void put_time(struct line *l, uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	char buf[80];
	struct tm tm;

	if (!gmtime_r(&s, &tm)) {
		puts_line(l, "-");
		return;
	}
	snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned)(wall_us / 1000 % 1000));
	puts_line(l, buf);
}

/** Milliseconds from the request going upstream to the answer's first byte. */
static void put_service_time(struct line *l, const struct sl_log_record *r)
{
	if (!r->has_upstream || r->upstream_us == UINT32_MAX || r->first_byte_us == UINT32_MAX)
		puts_line(l, "-");
	else
		put_number(l, r->first_byte_us < r->upstream_us
				      ? 0
				      : (r->first_byte_us - r->upstream_us) / 1000);
}

static bool record_read(const struct sl_log_record *from, size_t len, struct record *to)
{
	const char *p = from->text;
	size_t rest;

	if (len < sizeof(*from))
		return false;
	memcpy(&to->r, from, sizeof(to->r));
	rest = len - sizeof(*from);
	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		uint32_t n = to->r.len[i] & ~SL_LOG_CUT;

		if (n > rest)
			return false;
		to->cut[i] = to->r.len[i] & SL_LOG_CUT;
		to->text[i] = (struct sl_str){p, n};
		p += n;
		rest -= n;
	}
	return true;
}

static void put_request(struct line *l, const struct record *rec)
{
	puts_line(l, "[");
	put_time(l, rec->r.start_wall_us);
	puts_line(l, "] \"");
	put_text(l, rec, SL_LOG_METHOD, false);
	puts_line(l, " ");
	put_text(l, rec, SL_LOG_PATH, false);
	puts_line(l, rec->r.http_minor ? " HTTP/1.1\" " : " HTTP/1.0\" ");
}

static void put_answer(struct line *l, const struct record *rec)
{
	char flags[128];

	put_number(l, rec->r.status);
	puts_line(l, " ");
	puts_line(l, sl_log_flags(rec->r.flags, flags, sizeof(flags)));
	puts_line(l, " ");
	put_text(l, rec, SL_LOG_DETAILS, false);
	puts_line(l, " -"); /* %CONNECTION_TERMINATION_DETAILS% */
	put_quoted(l, rec, SL_LOG_FAILURE);
	puts_line(l, " ");
	put_number(l, rec->r.bytes_received);
	puts_line(l, " ");
	put_number(l, rec->r.bytes_sent);
	puts_line(l, " ");
	put_number(l, rec->r.duration_us / 1000);
	puts_line(l, " ");
	put_service_time(l, &rec->r);
}

static void put_peers(struct line *l, const struct record *rec)
{
	const struct sl_log_record *r = &rec->r;

	put_quoted(l, rec, SL_LOG_XFF);
	put_quoted(l, rec, SL_LOG_USER_AGENT);
	put_quoted(l, rec, SL_LOG_REQUEST_ID);
	put_quoted(l, rec, SL_LOG_AUTHORITY);
	puts_line(l, " \"");
	put_addr(l, &r->upstream_ip, r->upstream_port, r->has_upstream);
	puts_line(l, "\" ");
	put_text(l, rec, SL_LOG_UPSTREAM_CLUSTER, false);
	puts_line(l, " ");
	put_addr(l, &r->upstream_local_ip, r->upstream_local_port,
		 r->has_upstream && r->upstream_local_port);
	puts_line(l, " ");
	put_addr(l, &r->local_ip, r->local_port, true);
	puts_line(l, " ");
	put_addr(l, &r->downstream_ip, r->downstream_port, true);
	puts_line(l, " - "); /* %REQUESTED_SERVER_NAME%: no TLS */
	put_text(l, rec, SL_LOG_ROUTE_NAME, false);
	puts_line(l, "\n");
}

int sl_log_format_istio(const struct sl_log_record *record, size_t len, char *out, size_t cap)
{
	struct line l = {.p = out, .cap = cap};
	struct record rec;

	if (cap == 0)
		return -ENOSPC;
	out[0] = '\0';
	if (!record_read(record, len, &rec))
		return -EBADMSG;
	put_request(&l, &rec);
	put_answer(&l, &rec);
	put_peers(&l, &rec);
	if (l.full) {
		out[0] = '\0';
		return -ENOSPC;
	}
	out[l.n] = '\0';
	return (int)l.n;
}

char *sl_log_flags(uint32_t flags, char *buf, size_t cap)
{
	static const char *const names[] = {
#define FLAG_NAME(name, help) #name,
		SL_FLAG_LIST(FLAG_NAME)
#undef FLAG_NAME
	};
	struct line l = {.p = buf, .cap = cap};

	for (unsigned i = 0; i < SL_ARRAY_LEN(names); i++) {
		if (!(flags & 1u << i))
			continue;
		if (l.n)
			puts_line(&l, ",");
		puts_line(&l, names[i]);
	}
	if (l.n == 0)
		puts_line(&l, "-");
	if (cap)
		buf[l.n] = '\0';
	return buf;
}
