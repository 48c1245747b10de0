/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines "call" and "expect" of a case: what the user of the stack does, and what it sees. */
#include <stdlib.h>
#include <string.h>

#include "script_int.h"

/* ---- calls of the user ---- */

static int call_write(struct script *s)
{
	uint32_t n = script_number(s), piece = s->at < s->n ? script_number(s) : 1400;
	struct rte_mbuf *head = NULL, **link = &head;

	while (n) {
		uint32_t k = SL_MIN(n, piece);
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->w.lc.pool);
		uint8_t *p;

		if (!m)
			return script_bad(s, "no mbuf to write with");
		p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)k);
		for (uint32_t i = 0; i < k; i++)
			p[i] = world_byte(s->flow->written + i);
		s->flow->written += k;
		*link = m;
		link = &m->next;
		n -= k;
	}
	sl_tcp_tx(s->flow->c, head);
	return 0;
}

static int call_read(struct script *s)
{
	uint32_t n = script_number(s);
	struct rte_mbuf *chain = sl_tcp_rx_take(s->flow->c, n);

	if (!chain)
		return script_bad(s, "only %u bytes to read", sl_tcp_rx_len(s->flow->c));
	for (struct rte_mbuf *m = chain; m; m = m->next)
		for (uint16_t i = 0; i < m->data_len; i++)
			if (rte_pktmbuf_mtod(m, uint8_t *)[i] != world_byte(s->flow->read++))
				return script_bad(s, "byte %lu read is wrong",
						  (unsigned long)s->flow->read - 1);
	rte_pktmbuf_free(chain);
	return 0;
}

static int call_connect(struct script *s)
{
	uint32_t timeout = s->at < s->n ? script_number(s) : 30000;
	struct sl_ip_port local;
	int code;

	s->flow->c = sl_tcp_connect(s->w.tcp, &s->w.peer, s->flow->peer_port, timeout, &code);
	if (!s->flow->c)
		return script_bad(s, "connect failed with %d", code);
	sl_tcp_local(s->flow->c, &local);
	s->flow->our_port = local.port;
	return 0;
}

int script_call(struct script *s)
{
	const char *what = script_next(s);
	struct sl_tcp_conn *c = s->flow->c;
	int rc = 0;

	if (script_quiet(s) < 0)
		return -1;
	if (strcmp(what, "connect") == 0) {
		rc = call_connect(s);
	} else if (!c) {
		return script_bad(s, "the flow has no connection");
	} else if (strcmp(what, "write") == 0) {
		rc = call_write(s);
	} else if (strcmp(what, "read") == 0) {
		rc = call_read(s);
	} else if (strcmp(what, "skip") == 0) {
		uint32_t n = script_number(s);

		s->flow->read += n;
		sl_tcp_rx_skip(c, n);
	} else if (strcmp(what, "shutdown") == 0) {
		sl_tcp_shutdown(c);
	} else if (strcmp(what, "note") == 0) {
		sl_tcp_note(c, script_number(s));
	} else if (strcmp(what, "keep") == 0) {
		const struct sl_tcp_memo memo = {.requests = 1};

		sl_tcp_keep(c, script_number(s), &memo);
	} else if (strcmp(what, "unkeep") == 0) {
		sl_tcp_unkeep(c);
	} else if (strcmp(what, "close") == 0) {
		sl_tcp_close(c);
		s->flow->c = NULL;
	} else if (strcmp(what, "abort") == 0) {
		sl_tcp_abort(c);
		s->flow->c = NULL;
	} else if (strcmp(what, "release") == 0) {
		sl_tcp_release(c);
		s->flow->c = NULL;
	} else {
		return script_bad(s, "call \"%s\" is unknown", what);
	}
	world_serve(&s->w);
	return rc;
}

/* ---- expectations ---- */

static int expect_number(struct script *s, const char *what, uint64_t got)
{
	uint64_t want = strtoull(script_next(s), NULL, 0);

	if (got != want)
		return script_bad(s, "%s is %lu, expected %lu", what, (unsigned long)got,
				  (unsigned long)want);
	return 0;
}

static int expect_events(struct script *s)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {{"OPENED", SL_TCP_OPENED},
		     {"READABLE", SL_TCP_READABLE},
		     {"WRITABLE", SL_TCP_WRITABLE},
		     {"CLOSED", SL_TCP_CLOSED}};
	uint32_t want = 0;

	for (; s->at < s->n; s->at++)
		for (unsigned i = 0; i < SL_ARRAY_LEN(names); i++)
			if (strcmp(s->word[s->at], names[i].name) == 0)
				want |= names[i].bit;
	if (s->flow->events != want)
		return script_bad(s, "events are 0x%x, expected 0x%x", s->flow->events, want);
	s->flow->events = 0;
	return 0;
}

static int expect_stat(struct script *s)
{
	static const struct {
		const char *name;
		size_t off;
	} fields[] = {
#define FIELD(name, kind, help) {#name, offsetof(struct sl_stats_counters, name)},
		SL_STATS_WORKER(FIELD)
#undef FIELD
	};
	const char *name = script_next(s);

	for (unsigned i = 0; i < SL_ARRAY_LEN(fields); i++)
		if (strcmp(name, fields[i].name) == 0)
			return expect_number(
				s, name,
				*(const uint64_t *)((const char *)s->w.lc.stats.c + fields[i].off));
	return script_bad(s, "there is no counter \"%s\"", name);
}

static int expect_drop(struct script *s)
{
	const char *name = script_next(s);

	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		if (strcmp(name, sl_drop_name((enum sl_drop)i)) == 0)
			return expect_number(s, name, s->w.lc.stats.drops[i]);
	return script_bad(s, "there is no drop reason \"%s\"", name);
}

static int expect_end(struct script *s)
{
	static const char *const names[] = {"NONE",    "FIN",  "RESET", "REFUSED",
					    "TIMEOUT", "ICMP", "ABORT"};
	const char *got = names[sl_tcp_end(s->flow->c)], *want = script_next(s);

	return strcmp(got, want) == 0 ? 0 : script_bad(s, "end is %s, expected %s", got, want);
}

int script_expect(struct script *s)
{
	const char *what = script_next(s);
	struct sl_tcp_conn *c = s->flow->c;

	if (strcmp(what, "stat") == 0)
		return expect_stat(s);
	if (strcmp(what, "drop") == 0)
		return expect_drop(s);
	if (strcmp(what, "confirms") == 0)
		return expect_number(s, "confirms", s->w.confirms);
	if (strcmp(what, "delivering") == 0)
		return expect_number(s, "delivering", sl_tcp_delivering(s->w.tcp));
	if (strcmp(what, "event") == 0)
		return expect_events(s);
	if (!c)
		return strcmp(what, "none") == 0 ? 0 : script_bad(s, "the flow has no connection");
	if (strcmp(what, "end") == 0)
		return expect_end(s);
	if (strcmp(what, "state") == 0) {
		const char *want = script_next(s);

		return strcmp(want, sl_tcp_state_name(c)) == 0
			       ? 0
			       : script_bad(s, "state is %s, expected %s", sl_tcp_state_name(c),
					    want);
	}
	if (strcmp(what, "rx") == 0)
		return expect_number(s, "rx_len", sl_tcp_rx_len(c));
	if (strcmp(what, "room") == 0)
		return expect_number(s, "tx_room", sl_tcp_tx_room(c));
	if (strcmp(what, "pending") == 0)
		return expect_number(s, "tx_pending", sl_tcp_tx_pending(c));
	if (strcmp(what, "eof") == 0)
		return expect_number(s, "rx_eof", sl_tcp_rx_eof(c));
	if (strcmp(what, "mss") == 0)
		return expect_number(s, "mss", sl_tcp_mss(c));
	if (strcmp(what, "listener") == 0)
		return expect_number(s, "listener", sl_tcp_listener(c));
	if (strcmp(what, "service") == 0)
		return expect_number(s, "service", sl_tcp_service(c));
	if (strcmp(what, "cwnd") == 0)
		return expect_number(s, "cwnd", c->cwnd);
	if (strcmp(what, "none") == 0)
		return script_bad(s, "the flow has a connection");
	return script_bad(s, "expectation \"%s\" is unknown", what);
}
