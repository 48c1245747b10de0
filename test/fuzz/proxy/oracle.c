/* SPDX-License-Identifier: BSD-3-Clause */
/* The judge of the whole proxy: endpoints' streams against clients' streams, and back. */
#include "oracle.h"

#include <string.h>

#include "../../unit/proxy/config.h"
#include "../http/reference.h"

#define MESSAGES_MAX 4096
#define PER_CONN_MAX 256
#define TARGET_MAX   16384
#define INTERIMS_MAX 64
#define SENDINGS_MAX 65536
#define MIRROR       70 /* last byte of its address */

/** A request at an endpoint, with what came back for it. */
struct sent {
	struct ref_msg req, res; /* res.status 0: none as a whole head */
	uint32_t conn, turn;     /* turn: in the order of all that was sent */
	int interim[INTERIMS_MAX], interims;
	bool eof;
	bool copy; /* at a mirror */
};

/** A client's request as the reference reads it. */
struct asked {
	struct ref_msg m;
	char id[36];           /* the gateway's name of it, once an endpoint had it */
	const struct sent *by; /* newest attempt, NULL: none reached an endpoint */
	int attempt, copies;
	int logged; /* status in its access record */
};

static struct asked asked[MESSAGES_MAX];
static struct sent sent[MESSAGES_MAX];
static uint32_t n_asked, n_sent;
bool oracle_trailers;
/* Requests of a client, in `asked`. */
static struct {
	uint32_t first, n;
	uint32_t logged;
} of_client[FAKE_CONNS];

static struct {
	struct sl_ip client;
	char id[36]; /* all zero: refused before it had one */
	char method[32];
	uint16_t method_n, status;
} record[MESSAGES_MAX];
static uint32_t n_records;
/* Everything that the gateway sent, in its order. */
static struct {
	uint32_t conn, at;
} sending[SENDINGS_MAX];
static uint32_t n_sendings;

struct sl_ip oracle_client_ip(uint32_t i)
{
	return sl_ip_from_v4(0xc6120000u + i); /* 198.18.0.0/15 */
}

void oracle_said(struct peer *p, const struct sl_tcp_conn *c, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	p->bytes = realloc(p->bytes, p->n + n);
	p->mark = realloc(p->mark, (p->marks + 1) * sizeof(*p->mark));
	CHECK(p->bytes && p->mark);
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
	p->mark[p->marks++] = (struct peer_mark){p->n, c->out_len};
}

void oracle_reset(struct peer *peer, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(peer[i].bytes);
		free(peer[i].mark);
		peer[i] = (struct peer){0};
	}
	memset(of_client, 0, sizeof(of_client));
	n_asked = n_sent = n_records = n_sendings = 0;
	ref_reset();
}

void oracle_logged(const struct sl_log_record *r, uint32_t len)
{
	uint32_t at = 0;

	CHECK(len >= sizeof(*r) && n_records < MESSAGES_MAX && r->len[SL_LOG_METHOD] <= 32);
	for (int i = 0; i < SL_LOG_REQUEST_ID; i++)
		at += r->len[i] & ~SL_LOG_CUT;
	memset(&record[n_records], 0, sizeof(*record));
	record[n_records].client = r->downstream_ip;
	record[n_records].method_n = r->len[SL_LOG_METHOD];
	memcpy(record[n_records].method, r->text, r->len[SL_LOG_METHOD]);
	if (r->len[SL_LOG_REQUEST_ID] == 36)
		memcpy(record[n_records].id, r->text + at, 36);
	record[n_records++].status = r->status;
}

void oracle_sending(struct sl_tcp_conn *c)
{
	CHECK(n_sendings < SENDINGS_MAX);
	sending[n_sendings].conn = (uint32_t)(c - c->tcp->conn);
	sending[n_sendings++].at = c->out_len;
}

/** Bytes that had been sent to a peer when it said the byte at `at`. */
static uint32_t had_when(const struct peer *p, size_t at)
{
	for (size_t i = 0; i < p->marks; i++)
		if (at < p->mark[i].upto)
			return p->mark[i].had;
	return UINT32_MAX;
}

static void read_client(const struct peer *p, uint32_t i)
{
	size_t at = 0;

	of_client[i].first = n_asked;
	while (of_client[i].n < PER_CONN_MAX) {
		struct asked *a = &asked[n_asked];

		*a = (struct asked){0};
		CHECK(n_asked < MESSAGES_MAX - 1);
		if (ref_request(p->bytes, p->n, at, &a->m) != 1)
			break;
		n_asked++;
		of_client[i].n++;
		if (!a->m.complete)
			break;
		at = a->m.end;
	}
}

/* ---- requests ---- */

/** The request's path, normalised, and query. */
static size_t understood_target(const struct ref_msg *m, char *out)
{
	struct ref_text t = m->target;
	const char *q;
	int n;

	if (ref_starts(t, "http://")) {
		const char *slash;

		t.p += 7;
		t.n -= 7;
		q = memchr(t.p, '?', t.n);
		slash = memchr(t.p, '/', q ? (size_t)(q - t.p) : t.n);
		if (!slash) { /* the path is empty */
			bool star = ref_is(m->method, "OPTIONS") && !q;
			size_t rest = q ? t.n - (size_t)(q - t.p) : 0;

			out[0] = star ? '*' : '/';
			if (rest)
				memcpy(out + 1, q, rest);
			return 1 + rest;
		}
		t.n -= (size_t)(slash - t.p);
		t.p = slash;
	}
	q = memchr(t.p, '?', t.n);
	if (ref_is(t, "*")) {
		out[0] = '*';
		return 1;
	}
	n = ref_normalize((struct ref_text){t.p, q ? (size_t)(q - t.p) : t.n}, out);
	CHECK(n > 0);
	if (!q)
		return (size_t)n;
	memcpy(out + n, q, t.n - (size_t)(q - t.p));
	return (size_t)n + t.n - (size_t)(q - t.p);
}

static struct ref_text understood_host(const struct ref_msg *m)
{
	struct ref_text v = {NULL, 0};

	if (ref_starts(m->target, "http://")) {
		v.p = m->target.p + 7;
		while (v.n < m->target.n - 7 && v.p[v.n] != '/' && v.p[v.n] != '?')
			v.n++;
	} else {
		ref_find(m, "host", &v);
	}
	return v;
}

/** The host of a copy: "-shadow" behind the name, before a port. */
static bool is_shadow(struct ref_text got, struct ref_text host)
{
	static const char mark[] = "-shadow";
	size_t n = host.n, more = sizeof(mark) - 1;

	while (n > 0 && host.p[n - 1] >= '0' && host.p[n - 1] <= '9')
		n--;
	n = n > 0 && host.p[n - 1] == ':' ? n - 1 : host.n;
	return got.n == host.n + more && memcmp(got.p, host.p, n) == 0 &&
	       memcmp(got.p + n, mark, more) == 0 &&
	       memcmp(got.p + n + more, host.p + n, host.n - n) == 0;
}

static bool same_target(const struct ref_msg *a, const struct ref_msg *b, bool copy)
{
	static char buf[TARGET_MAX];
	struct ref_text want = {buf, 0}, host = understood_host(a), got = {NULL, 0};
	struct ref_text original = {NULL, 0};

	if (a->target.n > TARGET_MAX)
		return false;
	want.n = understood_target(a, buf);
	ref_find(b, "host", &got);
	if (copy)
		return ref_same(want, b->target) && is_shadow(got, host);
	if (ref_find(b, "x-envoy-original-path", &original) == 0)
		return ref_same(want, b->target) && (host.n == 0 || ref_same(host, got));
	/* The one rewrite of the configuration: prefix "/rw/" to "/". */
	return ref_same(original, want) && ref_is(got, "inner.test") && ref_starts(want, "/rw/") &&
	       ref_same(b->target, (struct ref_text){want.p + 3, want.n - 3});
}

static bool ours_upstream(const struct ref_msg *m, struct ref_text name)
{
	return ref_hop(m, name) || ref_ieq(name, "host") || ref_ieq(name, "content-length") ||
	       ref_ieq(name, "x-forwarded-for") || ref_ieq(name, "x-forwarded-proto") ||
	       ref_ieq(name, "x-request-id") || ref_ieq(name, "via") ||
	       ref_starts(name, "x-envoy-") || (ref_ieq(name, "expect") && m->minor == 0);
}

static bool ours_downstream(const struct ref_msg *m, struct ref_text name)
{
	return ref_hop(m, name) || ref_ieq(name, "content-length") || ref_ieq(name, "server") ||
	       ref_ieq(name, "date") || ref_ieq(name, "via") ||
	       ref_ieq(name, "x-envoy-upstream-service-time");
}

/** End-to-end fields of a message as received and as sent on: the same, in their order. */
static bool same_fields(const struct ref_msg *a, const struct ref_msg *b,
			bool (*ours)(const struct ref_msg *, struct ref_text))
{
	static const struct ref_msg nothing;
	int i = 0, j = 0;

	for (;; i++, j++) {
		while (i < a->fields && ours(a, a->field[i].name))
			i++;
		for (; j < b->fields && ours(a, b->field[j].name); j++)
			if (ref_hop(a, b->field[j].name) && !ref_hop(&nothing, b->field[j].name))
				return false; /* named by Connection, and yet sent on */
		if (i == a->fields || j == b->fields)
			return i == a->fields && j == b->fields;
		if (!ref_same(a->field[i].name, b->field[j].name))
			return false;
		if (!ref_same(a->field[i].value, b->field[j].value) &&
		    !ref_ieq(a->field[i].name, "max-forwards"))
			return false;
	}
}

/** What b is so far is a's content, and it is not said to be over before a's is. */
static bool same_body(const struct ref_msg *a, const struct ref_msg *b, bool a_over, bool b_over)
{
	if (b->body_n > a->body_n || (b->body_n > 0 && memcmp(a->body, b->body, b->body_n) != 0))
		return false;
	return !b_over || (a_over && a->body_n == b->body_n);
}

/** Trailers that may never go on: they would say something about the message or the hop. */
static bool no_trailer(struct ref_text name)
{
	static const char *const names[] = {
		"host",       "content-length",  "transfer-encoding", "te",           "trailer",
		"connection", "upgrade",         "authorization",     "cookie",       "set-cookie",
		"expect",     "x-forwarded-for", "content-encoding",  "x_request_id", "location"};

	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
		if (ref_ieq(name, names[i]))
			return true;
	return ref_starts(name, "x-envoy-") || ref_starts(name, "proxy-");
}

/** b's trailers are some of a's, in their order; none where none may go on. */
static bool same_trailers(const struct ref_msg *a, const struct ref_msg *b, bool wanted)
{
	int i = 0;

	if (b->trailers > 0 && !(oracle_trailers && wanted))
		return false;
	for (int j = 0; j < b->trailers; j++, i++) {
		while (i < a->trailers && !(ref_same(a->trailer[i].name, b->trailer[j].name) &&
					    ref_same(a->trailer[i].value, b->trailer[j].value)))
			i++;
		if (i == a->trailers || no_trailer(b->trailer[j].name) ||
		    ref_hop(a, b->trailer[j].name))
			return false;
	}
	return true;
}

static bool same_request(const struct ref_msg *a, const struct ref_msg *b, bool copy)
{
	return ref_same(a->method, b->method) && a->framing == b->framing &&
	       a->length == b->length && same_fields(a, b, ours_upstream) &&
	       same_target(a, b, copy) && same_body(a, b, a->complete, b->complete) &&
	       same_trailers(a, b, true);
}

/** Fields that only the gateway may have written. */
static void check_ours(const struct ref_msg *m, uint32_t client)
{
	static const char *const once[] = {
		"host",         "x-forwarded-for",       "x-forwarded-proto",
		"x-request-id", "x-envoy-attempt-count", "x-envoy-external-address"};
	static const char *const never[] = {"keep-alive", "proxy-connection", "http2-settings",
					    "x-envoy-internal", "x-envoy-retry-on"};
	char text[SL_IP_TEXT_MAX];
	struct sl_ip ip = oracle_client_ip(client);
	struct ref_text v;

	for (size_t i = 0; i < SL_ARRAY_LEN(once); i++)
		CHECK(ref_find(m, once[i], NULL) == 1);
	for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
		CHECK(ref_find(m, never[i], NULL) == 0);
	CHECK(ref_find(m, "x-envoy-external-address", &v) && ref_is(v, sl_ip_format(&ip, text)));
	CHECK(oracle_trailers || ref_find(m, "trailer", NULL) == 0);
	CHECK(ref_find(m, "te", &v) == 0 || ref_ieq(v, "trailers"));
	CHECK(ref_find(m, "connection", &v) == 0 || ref_is(v, "Upgrade"));
	CHECK(m->minor == 1);
}

/** The client whose address the gateway put last. */
static uint32_t client_of(const struct ref_msg *m, const struct sl_tcp *tcp)
{
	char text[SL_IP_TEXT_MAX];
	struct ref_text v;

	CHECK(ref_find(m, "x-forwarded-for", &v) == 1);
	for (uint32_t i = 0; i < tcp->n; i++) {
		struct sl_ip ip = oracle_client_ip(i);
		size_t n = strlen(sl_ip_format(&ip, text));

		if (tcp->conn[i].side == SL_TCP_DOWNSTREAM && v.n >= n &&
		    memcmp(v.p + v.n - n, text, n) == 0 && (v.n == n || v.p[v.n - n - 1] == ','))
			return i;
	}
	CHECK(!"a client that is none of ours");
	return 0;
}

/** Which request of its client this is; the log has said what the gateway calls it. */
static struct asked *find_asked(const struct ref_msg *m, uint32_t client, bool copy)
{
	struct ref_text id;

	ref_find(m, "x-request-id", &id);
	CHECK(id.n == 36);
	for (uint32_t i = 0; i < of_client[client].n; i++) {
		struct asked *a = &asked[of_client[client].first + i];

		if (memcmp(a->id, id.p, 36) != 0)
			continue;
		CHECK(same_request(&a->m, m, copy));
		return a;
	}
	CHECK(!"an endpoint got a request that its client did not make");
	return NULL;
}

/** What the endpoint answered to one request. @return where it speaks of the next one. */
static size_t read_answer(const struct peer *p, size_t at, bool head, struct sent *s)
{
	struct ref_msg m;

	while (ref_response(p->bytes, p->n, at, head, &m) == 1) {
		if (m.status >= 200 || m.status == 101) {
			s->res = m;
			return m.end;
		}
		if (s->interims < INTERIMS_MAX)
			s->interim[s->interims++] = m.status;
		at = m.end;
	}
	return p->n;
}

static uint32_t turn_of(uint32_t conn, size_t at)
{
	for (uint32_t i = 0; i < n_sendings; i++)
		if (sending[i].conn == conn && sending[i].at == at)
			return i;
	CHECK(!"a request that was not sent by itself");
	return 0;
}

static bool asks_upgrade(const struct ref_msg *m)
{
	return ref_lists(m, "connection", (struct ref_text){"upgrade", 7});
}

/** Requests as they lie in an endpoint's stream: whole ones back to back, the last may be cut. */
static void read_endpoint(const struct sl_tcp *tcp, const struct peer *p, uint32_t conn)
{
	const struct sl_tcp_conn *u = &tcp->conn[conn];
	size_t at = 0, answers = 0;

	while (at < u->out_len) {
		struct sent *s = &sent[n_sent++];

		CHECK(n_sent < MESSAGES_MAX);
		*s = (struct sent){.conn = conn,
				   .eof = u->eof,
				   .turn = turn_of(conn, at),
				   .copy = u->remote.ip.b[15] == MIRROR};
		CHECK(ref_request(u->out, u->out_len, at, &s->req) == 1 && !s->req.broken);
		answers = read_answer(p, answers, ref_is(s->req.method, "HEAD"), s);
		/* A leftover is no answer: it was begun when the question was there. */
		if (at > 0 && s->res.status)
			CHECK(had_when(p, s->res.at) > at);
		if (s->res.status == 101 && asks_upgrade(&s->req))
			return; /* bytes, not messages, from here on */
		at = s->req.end;
	}
}

static int by_turn(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;

	return x->turn < y->turn ? -1 : x->turn > y->turn;
}

static bool is_prefix(const char *part, size_t n, const char *whole, size_t whole_n)
{
	return n == 0 || (n <= whole_n && memcmp(part, whole, n) == 0);
}

static bool idempotent(const struct ref_msg *m)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};

	for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++)
		if (ref_is(m->method, methods[i]))
			return true;
	return false;
}

static void judge_request(const struct sl_tcp *tcp, const struct peer *peer, const struct sent *s)
{
	uint32_t client = client_of(&s->req, tcp);
	const struct sl_tcp_conn *u = &tcp->conn[s->conn];
	struct ref_text v;
	struct asked *a;
	int attempt = 0;

	check_ours(&s->req, client);
	a = find_asked(&s->req, client, s->copy);
	if (s->copy) {
		/* Whole, and once; its answer is looked for nowhere (judge_served). */
		CHECK(s->req.complete && a->m.complete && ++a->copies == 1);
		return;
	}
	ref_find(&s->req, "x-envoy-attempt-count", &v);
	for (size_t i = 0; i < v.n; i++)
		attempt = attempt * 10 + v.p[i] - '0';
	CHECK(attempt > a->attempt);
	/* Once it was taken, what is not idempotent is not said again (RFC 9110 9.2.2). */
	if (a->by && !idempotent(&s->req))
		CHECK(tcp->conn[a->by->conn].acked <= a->by->req.at);
	a->attempt = attempt;
	a->by = s;
	CHECK(!asks_upgrade(&s->req) || asks_upgrade(&a->m));
	if (s->res.status == 101 && asks_upgrade(&s->req))
		CHECK(is_prefix(u->out + s->req.end, u->out_len - s->req.end,
				peer[client].bytes + a->m.end, peer[client].n - a->m.end));
}

/* ---- answers ---- */

static void judge_served(struct asked *a, const struct ref_msg *m, bool over)
{
	const struct sent *s = a ? a->by : NULL;
	struct ref_text v, w;

	CHECK(s && s->res.status == m->status);
	CHECK(same_fields(&s->res, m, ours_downstream));
	CHECK(same_trailers(&s->res, m, ref_find(&s->req, "te", NULL) > 0));
	CHECK(m->framing != REF_LENGTH ||
	      (s->res.framing == REF_LENGTH && s->res.length == m->length));
	if (m->framing == REF_NONE && ref_find(m, "content-length", &v))
		CHECK(ref_find(&s->res, "content-length", &w) && ref_same(v, w));
	if (m->framing != REF_TUNNEL)
		CHECK(same_body(&s->res, m,
				s->res.complete || (s->res.framing == REF_CLOSE && s->eof), over));
}

/** @return the first of s's interim answers behind this one. */
static int judge_interim(const struct asked *a, const struct ref_msg *m, int from)
{
	CHECK(a && a->by && a->m.minor > 0);
	while (from < a->by->interims && a->by->interim[from] != m->status)
		from++;
	/* Those of an endpoint that sends more than are kept can't be told any more. */
	if (from == INTERIMS_MAX)
		return from;
	CHECK(from < a->by->interims);
	return from + 1;
}

static void judge_tunnel(const struct peer *peer, const struct asked *a, const struct ref_msg *m)
{
	const struct ref_msg *res = &a->by->res;
	const struct peer *p = &peer[a->by->conn];

	CHECK(is_prefix(m->body, m->body_n, p->bytes + res->head_end, p->n - res->head_end));
}

/**
 * One answer of ours or of an endpoint's. @return whether another one may follow.
 */
static bool judge_final(const struct sl_tcp_conn *c, const struct peer *peer, struct asked *a,
			const struct ref_msg *m)
{
	bool in_order = c->shut || c->fate == FAKE_CLOSED_FIN;
	bool over = m->complete || (m->framing == REF_CLOSE && in_order);
	bool close = ref_lists(m, "connection", (struct ref_text){"close", 5});

	CHECK(ref_find(m, "server", NULL) == 1 && ref_find(m, "date", NULL) >= 1);
	CHECK(!a || a->id[0] == '\0' || a->logged == m->status);
	if (ref_find(m, "x-envoy-upstream-service-time", NULL) == 1) {
		judge_served(a, m, over);
	} else {
		/* A request that was refused unread may have been HEAD: its answer has content. */
		if (close && a && ref_is(a->m.method, "HEAD"))
			return false;
		CHECK(m->framing == REF_LENGTH || m->framing == REF_NONE);
		CHECK(a || (m->status >= 400 && close));
	}
	if (m->framing == REF_TUNNEL)
		judge_tunnel(peer, a, m);
	CHECK(over || m->end == c->out_len);
	CHECK(!close || m->end == c->out_len);
	return m->complete && !close;
}

static void judge_client(const struct sl_tcp *tcp, const struct peer *peer, uint32_t client)
{
	const struct sl_tcp_conn *c = &tcp->conn[client];
	uint32_t next = of_client[client].first, end = next + of_client[client].n;
	size_t at = 0;
	int interim = 0;

	while (at < c->out_len) {
		struct asked *a = next < end ? &asked[next] : NULL;
		struct ref_msg m;

		CHECK(ref_response(c->out, c->out_len, at, a && ref_is(a->m.method, "HEAD"), &m) ==
		      1);
		CHECK(!m.broken);
		at = m.end;
		if (m.status < 200 && m.status != 101) {
			interim = judge_interim(a, &m, interim);
			continue;
		}
		if (!judge_final(c, peer, a, &m))
			return;
		CHECK(a);
		next++;
		interim = 0;
	}
}

/** A client's requests are logged in their order: the n-th record is of the n-th request. */
static void read_log(const struct sl_tcp *tcp)
{
	for (uint32_t i = 0; i < n_records; i++) {
		uint32_t client = 0, at;
		struct asked *a;

		while (client < tcp->n &&
		       (tcp->conn[client].side != SL_TCP_DOWNSTREAM ||
			!sl_ip_eq(&tcp->conn[client].remote.ip, &record[i].client)))
			client++;
		CHECK(client < tcp->n);
		at = of_client[client].logged++;
		if (record[i].id[0] == '\0')
			continue;
		CHECK(at < of_client[client].n);
		a = &asked[of_client[client].first + at];
		memcpy(a->id, record[i].id, sizeof(a->id));
		a->logged = record[i].status;
		CHECK(ref_same(a->m.method,
			       (struct ref_text){record[i].method, record[i].method_n}));
	}
}

void oracle_judge(const struct sl_tcp *tcp, const struct peer *peer)
{
	for (uint32_t i = 0; i < tcp->n; i++)
		if (tcp->conn[i].side == SL_TCP_DOWNSTREAM)
			read_client(&peer[i], i);
	read_log(tcp);
	for (uint32_t i = 0; i < tcp->n; i++)
		if (tcp->conn[i].side == SL_TCP_UPSTREAM)
			read_endpoint(tcp, &peer[i], i);
	qsort(sent, n_sent, sizeof(*sent), by_turn);
	for (uint32_t i = 0; i < n_sent; i++)
		judge_request(tcp, peer, &sent[i]);
	for (uint32_t i = 0; i < tcp->n; i++)
		if (tcp->conn[i].side == SL_TCP_DOWNSTREAM)
			judge_client(tcp, peer, i);
}
