/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a case line by line and does what it says; see README.md for the format. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script_int.h"

int script_bad(struct script *s, const char *fmt, ...)
{
	int n = snprintf(s->why, SCRIPT_WHY_MAX, "%s:%u: ", s->path, s->line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why + n, (size_t)(SCRIPT_WHY_MAX - n), fmt, ap);
	va_end(ap);
	return -1;
}

const char *script_peek(const struct script *s)
{
	return s->at < s->n ? s->word[s->at] : "";
}

const char *script_next(struct script *s)
{
	return s->at < s->n ? s->word[s->at++] : "";
}

bool script_take(struct script *s, const char *word)
{
	if (strcmp(script_peek(s), word) != 0)
		return false;
	s->at++;
	return true;
}

uint32_t script_number(struct script *s)
{
	return (uint32_t)strtoul(script_next(s), NULL, 0);
}

/* "icmp TYPE CODE MTU seq N": quotes a segment of ours. */
static int do_icmp(struct script *s)
{
	struct sl_icmp_error e = {.family = sl_ip_is_v4(&s->w.ours) ? 4 : 6};

	e.type = (uint8_t)script_number(s);
	e.code = (uint8_t)script_number(s);
	e.mtu = (uint16_t)script_number(s);
	if (!script_take(s, "seq"))
		return script_bad(s, "expected: icmp TYPE CODE MTU seq N");
	e.inner_seq = script_number(s) + s->flow->iss;
	e.inner = (struct sl_tuple){.src = s->w.ours,
				    .dst = s->w.peer,
				    .sport = s->flow->our_port,
				    .dport = s->flow->peer_port,
				    .proto = IPPROTO_TCP};
	sl_tcp_icmp_error(s->w.tcp, &e);
	world_serve(&s->w);
	return 0;
}

/* "mbufs N": all but N of both pools are taken away; "mbufs free" gives them back. */
static int do_mbufs(struct script *s)
{
	struct world *w = &s->w;

	if (script_take(s, "free")) {
		while (w->n_held)
			rte_pktmbuf_free(w->held[--w->n_held]);
		return 0;
	}
	struct rte_mempool *pool = script_take(s, "clone") ? w->lc.clone_pool : w->lc.pool;
	uint32_t leave = script_number(s);

	while (rte_mempool_avail_count(pool) > leave && w->n_held < MBUFS)
		w->held[w->n_held++] = rte_pktmbuf_alloc(pool);
	return 0;
}

static int do_config(struct script *s)
{
	struct world *w = &s->w;
	const char *key = script_next(s);
	const struct {
		const char *name;
		uint32_t *at;
	} words[] = {
		{"conns_max", &w->cfg.conns_max},
		{"syn_rcvd_max", &w->cfg.syn_rcvd_max},
		{"time_wait_max", &w->cfg.time_wait_max},
		{"rcv_buf", &w->cfg.rcv_buf_bytes},
		{"snd_buf", &w->cfg.snd_buf_bytes},
		{"buf_max", &w->cfg.buf_max_bytes},
		{"time_wait_ms", &w->cfg.time_wait_ms},
		{"syn_timeout_ms", &w->cfg.syn_timeout_ms},
		{"keepalive_ms", &w->cfg.keepalive_ms},
		{"user_timeout_ms", &w->cfg.user_timeout_ms},
		{"kept", &w->cfg.kept_rows},
		{"irs", &w->irs},
		{"iss", &w->iss},
	};

	for (unsigned i = 0; i < SL_ARRAY_LEN(words); i++)
		if (strcmp(key, words[i].name) == 0) {
			*words[i].at = script_number(s);
			w->want_iss |= strcmp(key, "iss") == 0;
			return 0;
		}
	if (strcmp(key, "mtu") == 0)
		w->mtu = (uint16_t)script_number(s);
	else if (strcmp(key, "cut") == 0)
		w->cut = (uint16_t)script_number(s);
	else if (strcmp(key, "service") == 0)
		w->service = true;
	else if (strcmp(key, "accept") == 0)
		w->accept = strcmp(script_next(s), "no") != 0;
	else if (strcmp(key, "reachable") == 0)
		w->reachable = strcmp(script_next(s), "no") != 0;
	else if (strcmp(key, "ipv6") == 0)
		return sl_ip_parse("fd00::1", &w->ours, NULL) |
		       sl_ip_parse("fd00::2", &w->peer, NULL);
	else
		return script_bad(s, "configuration \"%s\" is unknown", key);
	return 0;
}

/* Forgets what was learnt of the flow: its next SYN begins anew, with numbers from `irs` on. */
static int do_renew(struct script *s)
{
	s->flow->irs += script_number(s);
	s->flow->iss_known = false;
	s->flow->written = s->flow->read = 0;
	s->flow->c = NULL;
	s->flow->events = 0;
	return 0;
}

/* "restart [torn ROW]": kill -9 and a new process; an entry may have been half-written then. */
static int do_restart(struct script *s)
{
	struct sl_tcp_kept *k = (void *)((struct sl_tcp_kept_hdr *)s->w.kept + 1);

	if (script_quiet(s) < 0)
		return -1;
	if (script_take(s, "torn"))
		k[script_number(s) % s->w.cfg.kept_rows].rcv_nxt++;
	return world_restart(&s->w) < 0 ? script_bad(s, "the stack did not start") : 0;
}

static int do_open(struct script *s);

static const struct {
	const char *word;
	int (*fn)(struct script *s);
} verbs[] = {
	{"<", script_in},          {">", script_out},       {"call", script_call},
	{"expect", script_expect}, {"icmp", do_icmp},       {"mbufs", do_mbufs},
	{"renew", do_renew},       {"quiet", script_quiet}, {"config", do_config},
	{"open", do_open},         {"dial", do_open},       {"restart", do_restart},
};

/* "[TIME[~TIME]] [@FLOW] VERB ..."; TIME in seconds, "+" from the time of the line before. */
static int play_line(struct script *s)
{
	const char *w = script_peek(s), *verb;
	bool is_out;

	s->flow = &s->w.flow[0];
	s->at_max = s->now;
	if ((*w >= '0' && *w <= '9') || *w == '+') {
		char *end;
		double t = strtod(w + (*w == '+'), &end);

		s->now = (uint64_t)(t * 1e6 + 0.5) + (*w == '+' ? s->now : 0);
		s->at_max = *end == '~' ? s->now + (uint64_t)(strtod(end + 1, NULL) * 1e6) : s->now;
		s->at++;
	}
	if (*script_peek(s) == '@')
		s->flow = &s->w.flow[strtoul(script_next(s) + 1, NULL, 10) % FLOWS];
	verb = script_next(s);
	if (!s->started && strcmp(verb, "config") != 0) {
		if (world_start(&s->w) < 0)
			return script_bad(s, "the stack did not start");
		s->started = true;
	}
	is_out = strcmp(verb, ">") == 0;
	if (s->started && !is_out && s->now > world_time(&s->w))
		world_run(&s->w, s->now, false);
	for (unsigned i = 0; i < SL_ARRAY_LEN(verbs); i++)
		if (strcmp(verb, verbs[i].word) == 0)
			return verbs[i].fn(s);
	return script_bad(s, "\"%s\" is unknown", verb);
}

/* Splits at blanks and commas, and around < and > of option lists. */
static void split(struct script *s, char *text)
{
	char *save = NULL, *hash = strchr(text, '#');

	if (hash)
		*hash = '\0';
	s->n = s->at = 0;
	for (char *w = strtok_r(text, " ,\t\n", &save); w && s->n < WORDS;
	     w = strtok_r(NULL, " ,\t\n", &save))
		s->word[s->n++] = w;
}

/*
 * "open KIND": the handshake of a client with these options; "dial KIND": ours. For cases that
 * are about something else.
 */
static int do_open(struct script *s)
{
	static const char *const opts[][2] = {
		{"plain", "mss 1460"},
		{"sack", "mss 1460 nop nop sackOK"},
		{"ts", "mss 1460 nop nop TS 100 0"},
		{"full", "mss 1460 sackOK TS 100 0 nop wscale 7"},
	};
	bool dial = strcmp(s->word[s->at - 1], "dial") == 0;
	const char *kind = script_next(s), *with = NULL, *ts;
	struct flow *flow = s->flow;
	char lines[4][128];
	int rc = 0, n = 0;

	for (unsigned i = 0; i < SL_ARRAY_LEN(opts); i++)
		if (strcmp(kind, opts[i][0]) == 0)
			with = opts[i][1];
	if (!with)
		return script_bad(s, "\"%s\" is no kind of handshake", kind);
	ts = strstr(with, "TS") ? "< TS 100 0 >" : "";
	if (dial) {
		snprintf(lines[n++], 128, "call connect");
		snprintf(lines[n++], 128, "> S 0:0(0)");
		snprintf(lines[n++], 128, "< S. 0:0(0) ack 1 win 65535 < %s >", with);
		snprintf(lines[n++], 128, "> . 1:1(0) ack 1");
	} else {
		snprintf(lines[n++], 128, "< S 0:0(0) win 65535 < %s >", with);
		snprintf(lines[n++], 128, "> S. 0:0(0) ack 1");
		snprintf(lines[n++], 128, "+0.020 < . 1:1(0) ack 1 win %s %s",
			 strstr(with, "wscale") ? "512" : "65535", ts);
	}
	for (int i = 0; i < n && rc == 0; i++) {
		char text[160];

		int at = lines[i][0] == '+' ? 7 : 0;

		snprintf(text, sizeof(text), "%.*s@%u %.127s", at, lines[i],
			 (unsigned)(flow - s->w.flow), lines[i] + at);
		split(s, text);
		rc = play_line(s);
	}
	flow->events = 0;
	return rc;
}

int script_play(const char *path, char why[SCRIPT_WHY_MAX])
{
	static struct script s;
	char text[512];
	FILE *f = fopen(path, "r");
	const char *left;
	int rc = 0;

	memset(&s, 0, sizeof(s));
	s.path = path;
	s.why = why;
	world_init(&s.w);
	if (!f)
		return script_bad(&s, "cannot be read") == 0;
	while (rc == 0 && fgets(text, sizeof(text), f)) {
		s.line++;
		if (s.line == 1 && strncmp(text, "# RFC ", 6) != 0)
			rc = script_bad(&s, "the first line must name the RFC and section");
		split(&s, text);
		if (rc == 0 && s.n)
			rc = play_line(&s);
	}
	fclose(f);
	if (rc == 0 && !s.started)
		rc = script_bad(&s, "the case does nothing");
	if (rc == 0)
		rc = script_quiet(&s);
	if (s.started) {
		left = world_end(&s.w);
		if (rc == 0 && left)
			rc = script_bad(&s, "at the end: %s", left);
	}
	return rc == 0;
}
