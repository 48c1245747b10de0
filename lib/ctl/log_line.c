/* SPDX-License-Identifier: BSD-3-Clause */
/* Access-log lines from the records that workers write, by a format that was read before. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "log_int.h"

_Static_assert(sizeof(struct sl_log_record) == offsetof(struct sl_log_record, text),
	       "texts follow the struct");
_Static_assert(sizeof(struct sl_log_record) % 8 == 0, "shared layout");

#define TIME_MAX 200

/* A line being written; once it doesn't fit, nothing more is. */
struct line {
	char *p;
	size_t n, cap;
	bool full, json;
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

static void put_nothing(struct line *l)
{
	puts_line(l, l->json ? "null" : "-");
}

/**
 * One byte of a text. Whatever could end the field or the line, or steer a terminal, is written as
 * an escape, so that no request can look like two.
 */
static void put_byte(struct line *l, unsigned char c, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	char json[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	char text[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
	bool plain = c > ' ' && c < 0x7f && c != '"' && c != '\\';

	if (plain || (c == ' ' && (quoted || l->json)))
		put(l, (const char *)&c, 1);
	else if (l->json)
		put(l, json, sizeof(json));
	else
		put(l, text, sizeof(text));
}

static void put_bytes(struct line *l, struct sl_str s, const struct log_part *part)
{
	uint32_t n = part->max > 0 ? SL_MIN(s.n, part->max) : s.n;

	for (uint32_t i = 0; i < n; i++)
		put_byte(l, (unsigned char)s.p[i], part->quoted);
}

static void put_text(struct line *l, struct sl_str s, bool cut, const struct log_part *part)
{
	if (s.n == 0) {
		put_nothing(l);
		return;
	}
	if (l->json)
		puts_line(l, "\"");
	put_bytes(l, s, part);
	if (cut)
		puts_line(l, "...");
	if (l->json)
		puts_line(l, "\"");
}

static void put_word(struct line *l, const char *s, const struct log_part *part)
{
	put_text(l, sl_str(s), false, part);
}

static void put_address(struct line *l, const struct sl_ip *ip, uint16_t port, bool known,
			const struct log_part *part)
{
	char buf[SL_IP_PORT_TEXT_MAX];

	put_word(l, known ? sl_ip_port_format(ip, port, buf) : "", part);
}

static void put_ip(struct line *l, const struct sl_ip *ip, const struct log_part *part)
{
	char buf[SL_IP_TEXT_MAX];

	put_word(l, sl_ip_format(ip, buf), part);
}

/** %START_TIME%: RFC 3339 in UTC with milliseconds; %START_TIME(FORM)%: as strftime. */
static void put_time(struct line *l, const struct sl_log_format *f, const struct log_part *part,
		     uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	char form[TIME_MAX], buf[TIME_MAX];
	struct tm tm;

	if (!gmtime_r(&s, &tm) || part->n >= sizeof(form)) {
		put_nothing(l);
		return;
	}
	if (part->n == 0) {
		snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			 (unsigned)(wall_us / 1000 % 1000));
	} else {
		memcpy(form, f->text + part->at, part->n);
		form[part->n] = '\0';
		buf[strftime(buf, sizeof(buf), form, &tm)] = '\0';
	}
	put_word(l, buf, &(struct log_part){.quoted = true});
}

/** A moment of the request's story, or how long a part of it took. */
static void put_us(struct line *l, uint64_t us, uint32_t divisor)
{
	if (us >= UINT32_MAX)
		put_nothing(l);
	else
		put_number(l, us / divisor);
}

/** Milliseconds from the request going upstream to the answer's first byte. */
static void put_service_time(struct line *l, const struct sl_log_record *r)
{
	char buf[24];

	if (!r->has_upstream || r->upstream_us == UINT32_MAX || r->first_byte_us == UINT32_MAX) {
		put_nothing(l);
		return;
	}
	snprintf(buf, sizeof(buf), "%u",
		 r->first_byte_us < r->upstream_us ? 0
						   : (r->first_byte_us - r->upstream_us) / 1000);
	/* A header's value: a text in JSON too. */
	put_word(l, buf, &(struct log_part){0});
}

static void put_flags(struct line *l, uint32_t flags, const struct log_part *part)
{
	char buf[128];

	put_word(l, sl_log_flags(flags, buf, sizeof(buf)), part);
}

static void put_numbers(struct line *l, const struct log_part *part, const struct sl_log_record *r)
{
	switch (part->op) {
	case LOG_STATUS:
		put_number(l, r->status);
		break;
	case LOG_BYTES_RECEIVED:
		put_number(l, r->bytes_received);
		break;
	case LOG_BYTES_SENT:
		put_number(l, r->bytes_sent);
		break;
	case LOG_DURATION:
		put_number(l, r->duration_us / 1000);
		break;
	case LOG_RESPONSE_DURATION:
		put_us(l, r->first_byte_us, 1000);
		break;
	case LOG_LOCAL_PORT:
		put_number(l, r->local_port);
		break;
	case LOG_REMOTE_PORT:
		put_number(l, r->downstream_port);
		break;
	case LOG_ACCEPT_US:
		put_us(l, r->accept_us, 1);
		break;
	case LOG_HEAD_US:
		put_us(l, r->head_us, 1);
		break;
	case LOG_ROUTED_US:
		put_us(l, r->routed_us, 1);
		break;
	case LOG_FIRST_BYTE_US:
		put_us(l, r->first_byte_us, 1);
		break;
	case LOG_DONE_US:
		put_number(l, r->duration_us);
		break;
	default:
		put_nothing(l);
	}
}

static void put_part(struct line *l, const struct sl_log_format *f, const struct log_part *part,
		     const struct record *rec)
{
	const struct sl_log_record *r = &rec->r;

	if (part->op >= LOG_TEXT) {
		put_text(l, rec->text[part->op - LOG_TEXT], rec->cut[part->op - LOG_TEXT], part);
		return;
	}
	switch (part->op) {
	case LOG_LITERAL:
		put(l, f->text + part->at, part->n);
		break;
	case LOG_TIME:
		put_time(l, f, part, r->start_wall_us);
		break;
	case LOG_PROTOCOL:
		put_word(l,
			 r->http_minor == SL_LOG_NO_HTTP ? ""
			 : r->http_minor                 ? "HTTP/1.1"
							 : "HTTP/1.0",
			 part);
		break;
	case LOG_FLAGS:
		put_flags(l, r->flags, part);
		break;
	case LOG_SERVICE_TIME:
		put_service_time(l, r);
		break;
	case LOG_UPSTREAM_HOST:
		put_address(l, &r->upstream_ip, r->upstream_port, r->has_upstream, part);
		break;
	case LOG_UPSTREAM_LOCAL:
		put_address(l, &r->upstream_local_ip, r->upstream_local_port,
			    r->has_upstream && r->upstream_local_port, part);
		break;
	case LOG_LOCAL:
		put_address(l, &r->local_ip, r->local_port, true, part);
		break;
	case LOG_LOCAL_IP:
		put_ip(l, &r->local_ip, part);
		break;
	case LOG_REMOTE:
		put_address(l, &r->downstream_ip, r->downstream_port, true, part);
		break;
	case LOG_REMOTE_IP:
		put_ip(l, &r->downstream_ip, part);
		break;
	default:
		put_numbers(l, part, r);
	}
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

int sl_log_format_write(const struct sl_log_format *f, const struct sl_log_record *record,
			size_t len, char *out, size_t cap)
{
	struct line l = {.p = out, .cap = cap, .json = f->json};
	struct record rec;

	if (cap == 0)
		return -ENOSPC;
	out[0] = '\0';
	if (!record_read(record, len, &rec))
		return -EBADMSG;
	for (size_t i = 0; i < f->n_parts; i++)
		put_part(&l, f, &f->part[i], &rec);
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
