/* SPDX-License-Identifier: BSD-3-Clause */
/* What TCP peers send: what is next, what is owed, or something that does not fit. */
#include "stack.h"

#include "sl_wire.h"

#define MSS 1440u

struct segment {
	struct pkt_tcp t;
	uint8_t opts[40];
	uint16_t urg;
};

static uint8_t payload[4096];

static void add_ts(const struct flow *f, struct segment *s)
{
	sl_store32(s->opts + s->t.opts_len, 0x0101080a);
	sl_store32(s->opts + s->t.opts_len + 4, f->ts_val);
	sl_store32(s->opts + s->t.opts_len + 8, f->ts_ecr);
	s->t.opts_len += 12;
}

static void begin(struct flow *f, struct segment *s, uint8_t flags)
{
	memset(s, 0, sizeof(*s));
	s->t.src = f->peer;
	s->t.dst = f->ours;
	s->t.sport = f->peer_port;
	s->t.dport = f->our_port;
	s->t.flags = flags;
	s->t.seq = f->next;
	s->t.ack = flags & SL_TCP_ACK ? f->seen : 0;
	s->t.win = 60000;
	s->t.payload = payload;
	f->ts_val += 1 + (uint32_t)(box_now_us() / 1000 % 7);
}

static void send_it(struct flow *f, struct segment *s)
{
	static uint8_t ip[PKT_MAX];
	uint32_t at = sl_ip_is_v4(&f->peer) ? 20 : 40;
	size_t len;

	s->t.opts = s->opts;
	len = pkt_emit(ip, &s->t);
	if (s->urg) {
		sl_store16(ip + at + 18, s->urg);
		fuzz_fix(ip, (uint32_t)len);
	}
	frame_ip(f->port, ip, (uint32_t)len);
}

static void advance(struct flow *f, const struct segment *s)
{
	f->next = s->t.seq + s->t.len + !!(s->t.flags & SL_TCP_SYN) + !!(s->t.flags & SL_TCP_FIN);
	if (s->t.flags & SL_TCP_ACK)
		f->una = s->t.ack;
}

/* Which of them, and that is also what comes back to be used later on. */
static void syn_options(struct segment *s, uint8_t how)
{
	static const uint8_t mss[] = {2, 4, 5, 180}, small[] = {2, 4, 0, 48}, sack[] = {1, 1, 4, 2},
			     ws[] = {1, 3, 3, 7};
	const struct {
		uint8_t bit;
		const uint8_t *p;
	} each[] = {{1, mss}, {2, sack}, {4, ws}, {16, small}};

	for (unsigned i = 0; i < SL_ARRAY_LEN(each); i++)
		if (how & each[i].bit) {
			memcpy(s->opts + s->t.opts_len, each[i].p, 4);
			s->t.opts_len += 4;
		}
}

static void send_syn(struct flow *f, uint8_t flags, uint8_t how, uint16_t len)
{
	struct segment s;

	begin(f, &s, flags);
	syn_options(&s, how);
	if (how & 8)
		add_ts(f, &s);
	s.t.len = len;
	advance(f, &s);
	send_it(f, &s);
}

static void send_plain(struct flow *f, uint8_t flags, uint16_t len)
{
	struct segment s;

	begin(f, &s, flags);
	s.t.len = len;
	if (f->ts)
		add_ts(f, &s);
	advance(f, &s);
	send_it(f, &s);
}

static void send_bytes(struct flow *f, const char *text)
{
	size_t n = strlen(text);

	memcpy(payload, text, n);
	send_plain(f, SL_TCP_ACK | SL_TCP_PSH, (uint16_t)n);
}

void segment_good(struct flow *f)
{
	uint8_t b = byte();

	switch (b & 7) {
	case 0:
	case 1:
		f->next += b & 128 ? 100000 : 0;
		send_syn(f, f->port ? SL_TCP_SYN | SL_TCP_ACK : SL_TCP_SYN, b >> 3, b & 1 ? 8 : 0);
		break;
	case 2:
		send_plain(f, SL_TCP_ACK | SL_TCP_FIN, 0);
		break;
	case 3:
		send_plain(f, SL_TCP_RST | (b & 8 ? SL_TCP_ACK : 0), 0);
		break;
	case 4:
		for (unsigned i = 0; i < sizeof(payload); i++)
			payload[i] = (uint8_t)('a' + i % 25);
		send_plain(f, SL_TCP_ACK, (uint16_t)(1 + (b >> 3) * 45u));
		break;
	default:
		send_plain(f, SL_TCP_ACK, 0);
		break;
	}
}

/* What bends it is told by two bytes of bits, each with its arguments. */
#define BEND_WINDOW 0x01
#define BEND_LENGTH 0x02
#define BEND_SEQ    0x04
#define BEND_ACK    0x08
#define BEND_TS     0x10 /* another clock, or none where there should be one */
#define BEND_SACK   0x20
#define BEND_RAW    0x40 /* option bytes of the input */
#define BEND_MORE   0x80 /* urgent pointer, reserved bits */

static void bend_options(struct flow *f, struct segment *s, uint8_t bend)
{
	if (bend & BEND_TS ? byte() & 1 : f->ts) {
		add_ts(f, s);
		if (bend & BEND_TS)
			sl_store32(s->opts + 4, f->ts_val + (uint32_t)((int32_t)word() - 32768));
	}
	if (bend & BEND_SACK) {
		unsigned n = 1 + byte() % 3u, at = s->t.opts_len;

		sl_store16(s->opts + at, 0x0101);
		s->opts[at + 2] = 5;
		s->opts[at + 3] = (uint8_t)(2 + 8 * n);
		for (unsigned i = 0; i < n; i++) {
			uint32_t left = f->una + word();

			sl_store32(s->opts + at + 4 + 8 * i, left);
			sl_store32(s->opts + at + 8 + 8 * i, left + word() % 3000);
		}
		s->t.opts_len += (uint16_t)(4 + 8 * n);
	}
	if (bend & BEND_RAW)
		for (unsigned n = byte() % 5u * 4; n && s->t.opts_len < 40; n--)
			s->opts[s->t.opts_len++] = byte();
}

void segment_bent(struct flow *f)
{
	uint8_t bend = byte(), flags = byte();
	struct segment s;
	uint32_t next = f->next;

	begin(f, &s, flags);
	if (bend & BEND_WINDOW)
		s.t.win = (uint16_t)word();
	if (bend & BEND_LENGTH)
		s.t.len = (uint16_t)(word() % MSS);
	if (bend & BEND_SEQ)
		s.t.seq += (uint32_t)(int32_t)(int16_t)word();
	if (bend & BEND_ACK)
		s.t.ack = f->una + (uint32_t)(int32_t)(int16_t)word();
	if (bend & BEND_MORE)
		s.urg = (uint16_t)word();
	bend_options(f, &s, bend);
	for (unsigned i = 0; i < s.t.len; i++)
		payload[i] = (uint8_t)(s.t.seq + i);
	advance(f, &s);
	if (bend & BEND_SEQ)
		f->next = next;
	send_it(f, &s);
}

void segment_owed(struct flow *f, bool fin)
{
	if (f->live && f->port == 1 && f->una == f->seen && f->next % 0x10000000 == 0)
		send_syn(f, SL_TCP_SYN | SL_TCP_ACK, f->ts ? 15 : 7, 0);
	else if (f->live && (fin || f->una != f->seen))
		send_plain(f, (uint8_t)(SL_TCP_ACK | (fin ? SL_TCP_FIN : 0)), 0);
}

/* Requests and answers that lead the proxy on; what is wrong with HTTP has targets of its own. */
void segment_http(struct flow *f)
{
	static const char *const ask[] = {
		"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET /direct HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"POST /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9000\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET /six HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /turns HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"GET /slow HTTP/1.1\r\nHost: a.t",
		"est\r\n\r\n",
		"2d\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n",
		"GET /\1 HTTP/1.1\r\n\r\n",
	};
	static const char *const answer[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"2d\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n",
		"HTTP/1.1 503 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 204 none\r\n",
		"\r\n",
	};
	uint8_t b = byte();

	if (f->port)
		send_bytes(f, answer[b % SL_ARRAY_LEN(answer)]);
	else
		send_bytes(f, ask[b % SL_ARRAY_LEN(ask)]);
}

void segment_bulk(struct flow *f)
{
	uint8_t b = byte();
	unsigned n = 1 + b % 16u, skip = b >> 4 & 7;

	memset(payload, 'b', sizeof(payload));
	for (unsigned i = 0; i < n; i++) {
		if (skip && i + 1 == skip) {
			f->next += MSS - 200; /* lost */
			continue;
		}
		send_plain(f, SL_TCP_ACK, (uint16_t)(b & 128 ? MSS - 200 : 1 + i));
	}
}
