/* SPDX-License-Identifier: BSD-3-Clause */
/* sessions: L4 sessions, read from the workers' own memory while they work, also when none runs. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sl_clock.h"
#include "sl_ctl.h"
#include "sl_flows.h"
#include "sluicectl.h"

#define SHOWN_MAX       100 /* without --limit */
#define KILL_TIMEOUT_MS 5000

struct asked {
	struct sl_session_filter filter;
	bool kill, all, count;
	unsigned long long limit, offset;
	enum output out;
};

struct listing {
	const struct asked *asked;
	struct table *table; /* NULL: JSON */
	json_t *list;
	unsigned long long matched, shown;
	uint64_t now_us;
};

/* "IP" or "IP:PORT" */
static int address(struct ctl *ctl, const char *text, struct sl_ip *ip, uint16_t *port)
{
	struct sl_ip_port at;
	struct sl_err err;

	*port = 0;
	if (sl_ip_parse(text, ip, NULL) == 0)
		return 0;
	if (sl_ip_port_parse(text, &at, &err) < 0)
		return ctl_usage(ctl, "%s", err.text);
	*ip = at.ip;
	*port = at.port;
	return 0;
}

static int state_of(struct ctl *ctl, const char *text, uint16_t *states)
{
	for (unsigned i = 1; i < SL_NAT_STATES; i++)
		if (strcasecmp(text, sl_nat_state_name((uint8_t)i)) == 0) {
			*states |= (uint16_t)(1u << i);
			return 0;
		}
	return ctl_usage(ctl,
			 "There is no state \"%s\"; write SYN_SENT, SYN_RECV, ESTABLISHED, "
			 "FIN_WAIT, TIME_WAIT, CLOSE, UNREPLIED, STREAM or ECHO.",
			 text);
}

static int number(struct ctl *ctl, const char *text, unsigned long long *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		return ctl_usage(ctl, "\"%s\" is no number.", text);
	return 0;
}

static int proto_of(struct ctl *ctl, const char *text, uint8_t *proto)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} protos[] = {{"tcp", IPPROTO_TCP},
		      {"udp", IPPROTO_UDP},
		      {"icmp", IPPROTO_ICMP},
		      {"icmpv6", IPPROTO_ICMPV6}};

	for (size_t i = 0; i < SL_ARRAY_LEN(protos); i++)
		if (strcasecmp(text, protos[i].name) == 0) {
			*proto = protos[i].proto;
			return 0;
		}
	return ctl_usage(ctl, "There is no protocol \"%s\"; write tcp, udp, icmp or icmpv6.", text);
}

static int option(struct ctl *ctl, int opt, struct asked *a)
{
	struct sl_session_filter *f = &a->filter;
	struct sl_prefix prefix;
	struct sl_err err;

	switch (opt) {
	case 'C':
		if (sl_prefix_parse(optarg, &prefix, &err) < 0)
			return ctl_usage(ctl, "%s", err.text);
		f->client = prefix.ip;
		f->client_len = prefix.len;
		f->parts |= SL_FILTER_CLIENT;
		return 0;
	case 'S':
		f->parts |= SL_FILTER_SERVICE;
		return address(ctl, optarg, &f->vip, &f->vport);
	case 'E':
		f->parts |= SL_FILTER_ENDPOINT;
		return address(ctl, optarg, &f->endpoint, &f->eport);
	case 'P':
		return proto_of(ctl, optarg, &f->proto);
	case 'T':
		return state_of(ctl, optarg, &f->states);
	case 'L':
		return number(ctl, optarg, &a->limit);
	case 'O':
		return number(ctl, optarg, &a->offset);
	case 'A':
		a->all = true;
		return 0;
	case 'N':
		a->count = true;
		return 0;
	default:
		return out_parse(ctl, optarg, "short|json", &a->out);
	}
}

static int options(struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	static const struct option longs[] = {{"client", required_argument, NULL, 'C'},
					      {"service", required_argument, NULL, 'S'},
					      {"endpoint", required_argument, NULL, 'E'},
					      {"proto", required_argument, NULL, 'P'},
					      {"state", required_argument, NULL, 'T'},
					      {"limit", required_argument, NULL, 'L'},
					      {"offset", required_argument, NULL, 'O'},
					      {"all", no_argument, NULL, 'A'},
					      {"count", no_argument, NULL, 'N'},
					      {"output", required_argument, NULL, 'o'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int opt, rc;

	while ((opt = getopt_long(argc, argv, CTL_OPTS "o:", longs, NULL)) != -1) {
		if (strchr("CSEPTLOANo", opt)) {
			rc = option(ctl, opt, a);
			if (rc)
				return rc;
			continue;
		}
		rc = ctl_option(ctl, opt, optarg);
		if (rc != 0)
			return rc == 1 ? -1 : rc - 1;
	}
	if (optind < argc && strcmp(argv[optind], "kill") == 0) {
		a->kill = true;
		optind++;
	}
	if (optind < argc)
		return ctl_usage(ctl, "sessions takes no argument \"%s\".", argv[optind]);
	if (a->kill && !a->all && !a->filter.parts && !a->filter.proto && !a->filter.states)
		return ctl_usage(ctl, "sessions kill ends what fits; write which, or --all.");
	return 0;
}

static const char *proto_name(const struct sl_nat_session *s)
{
	switch (s->proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "icmpv6";
	}
}

static void add_row(struct listing *l, const struct sl_nat_session *s)
{
	char client[SL_IP_PORT_TEXT_MAX], vip[SL_IP_PORT_TEXT_MAX], own[SL_IP_PORT_TEXT_MAX];
	char endpoint[SL_IP_PORT_TEXT_MAX], age[32], left[32];
	uint64_t left_us = s->expires_us > l->now_us ? s->expires_us - l->now_us : 0;
	const char *cells[] = {proto_name(s),
			       sl_nat_state_name(s->state),
			       sl_ip_port_format(&s->client, s->cport, client),
			       sl_ip_port_format(&s->vip, s->vport, vip),
			       sl_ip_port_format(&s->own, s->oport, own),
			       sl_ip_port_format(&s->endpoint, s->eport, endpoint),
			       out_duration(l->now_us - SL_MIN(s->created_us, l->now_us), age),
			       out_duration(left_us, left)};

	if (l->table)
		table_row(l->table, cells);
	else
		json_array_append_new(
			l->list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "proto", cells[0],
				  "state", cells[1], "client", client, "service", vip, "source",
				  own, "endpoint", endpoint, "age_us",
				  (json_int_t)(l->now_us - SL_MIN(s->created_us, l->now_us)),
				  "left_us", (json_int_t)left_us));
}

static void walk(const struct sl_flows *f, struct listing *l)
{
	struct sl_nat_session s;
	uint32_t row = 0;

	while (sl_flows_next(f, &row, &s)) {
		if (!sl_session_matches(&l->asked->filter, &s))
			continue;
		if (l->matched++ < l->asked->offset || l->shown == l->asked->limit ||
		    l->asked->count)
			continue;
		l->shown++;
		add_row(l, &s);
	}
}

static void print(struct listing *l)
{
	const struct asked *a = l->asked;

	if (!l->table) {
		json_t *o = json_pack("{s:I, s:O}", "matched", (json_int_t)l->matched, "sessions",
				      l->list);

		out_json(o);
		json_decref(o);
		return;
	}
	if (a->count) {
		table_print(l->table);
		printf("%llu\n", l->matched);
		return;
	}
	table_print(l->table);
	if (a->offset + l->shown < l->matched)
		printf("%llu of %llu; the next ones: --offset %llu\n", l->shown, l->matched,
		       a->offset + l->shown);
}

static int list(const struct asked *a, struct sl_flows *const *flows, uint32_t n)
{
	static const char *const heads[] = {"PROTO",  "STATE",    "CLIENT", "SERVICE",
					    "SOURCE", "ENDPOINT", "AGE",    "LEFT"};
	struct listing l = {.asked = a, .list = json_array(), .now_us = sl_clock_us()};

	if (a->out != OUT_JSON)
		l.table = table_create(SL_ARRAY_LEN(heads), 2);
	if (l.table && !a->count)
		table_row(l.table, heads);
	for (uint32_t i = 0; i < n; i++)
		walk(flows[i], &l);
	print(&l);
	json_decref(l.list);
	return EXIT_OK;
}

static int kill_all(const struct asked *a, struct sl_flows *const *flows, uint32_t n)
{
	uint64_t sum = 0, ended;
	struct sl_err err;
	int rc = EXIT_OK;

	for (uint32_t i = 0; i < n; i++) {
		if (sl_flows_kill(flows[i], &a->filter, KILL_TIMEOUT_MS, &ended, &err) < 0)
			rc = ctl_fail(EXIT_UNREACHABLE, "%s", err.text);
		sum += ended;
	}
	printf("%llu sessions ended.\n", (unsigned long long)sum);
	return rc;
}

/* Maps all workers' segments. @return how many; 0 after a message, *code set. */
static uint32_t open_all(struct ctl *ctl, struct sl_flows **flows, int *code)
{
	struct sl_err err = {""};
	char dir[64];
	uint32_t n = 0;
	int e = 0;

	*code = ctl_locate(ctl, NULL, dir);
	while (*code == EXIT_OK && e == 0 && n < SL_CTL_WORKERS_MAX) {
		e = sl_flows_open(&flows[n], dir, n, &err);
		n += e == 0;
	}
	if (*code == EXIT_OK && e != 0 && (e != -ENOENT || n == 0))
		*code = ctl_fail(EXIT_UNREACHABLE, "%s",
				 n == 0 && e == -ENOENT ? "No data plane has run." : err.text);
	return n;
}

/* ---- clients ---- */

static void add_client(struct table *t, json_t *list, const struct sl_flow_client *c,
		       uint64_t now_us)
{
	char ip[SL_IP_TEXT_MAX], sessions[16], refused[24], left[32] = "-";
	const char *cells[] = {sl_ip_format(&c->ip, ip), sessions, refused, left};
	uint64_t left_us = c->denied_us > now_us ? c->denied_us - now_us : 0;

	snprintf(sessions, sizeof(sessions), "%u", c->sessions);
	snprintf(refused, sizeof(refused), "%llu", (unsigned long long)c->refused);
	if (left_us)
		out_duration(left_us, left);
	if (t)
		table_row(t, cells);
	else
		json_array_append_new(list,
				      json_pack("{s:s, s:i, s:I, s:I}", "client", ip, "sessions",
						(int)c->sessions, "refused", (json_int_t)c->refused,
						"denied_left_us", (json_int_t)left_us));
}

static void list_clients(struct sl_flows *const *flows, uint32_t n, bool denied, enum output out)
{
	static const char *const heads[] = {"CLIENT", "SESSIONS", "REFUSED", "DENIED"};
	struct table *t = out == OUT_JSON ? NULL : table_create(SL_ARRAY_LEN(heads), 2);
	uint64_t now_us = sl_clock_us();
	json_t *list = json_array();
	struct sl_flow_client c;

	if (t)
		table_row(t, heads);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t row = 0; sl_flows_next_client(flows[i], &row, &c);)
			if (denied ? c.denied_us > now_us : c.sessions || c.refused)
				add_client(t, list, &c, now_us);
	if (t)
		table_print(t);
	else
		out_json(list);
	json_decref(list);
}

int cmd_clients(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"denied", no_argument, NULL, 'D'},
					      {"output", required_argument, NULL, 'o'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct sl_flows *flows[SL_CTL_WORKERS_MAX];
	enum output out = OUT_SHORT;
	bool denied = false;
	uint32_t n;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, CTL_OPTS "o:", longs, NULL)) != -1) {
		if (opt == 'o' && out_parse(ctl, optarg, "short|json", &out) != 0)
			return EXIT_USAGE;
		denied |= opt == 'D';
		rc = opt == 'o' || opt == 'D' ? 0 : ctl_option(ctl, opt, optarg);
		if (rc != 0)
			return rc - 1;
	}
	if (optind < argc)
		return ctl_usage(ctl, "clients takes no argument \"%s\".", argv[optind]);
	n = open_all(ctl, flows, &rc);
	if (rc == EXIT_OK)
		list_clients(flows, n, denied, out);
	for (uint32_t i = 0; i < n; i++)
		sl_flows_close(flows[i]);
	return rc;
}

int cmd_sessions(struct ctl *ctl, int argc, char **argv)
{
	struct asked a = {.limit = SHOWN_MAX};
	struct sl_flows *flows[SL_CTL_WORKERS_MAX];
	uint32_t n;
	int rc = options(ctl, argc, argv, &a);

	if (rc)
		return rc < 0 ? EXIT_OK : rc;
	n = open_all(ctl, flows, &rc);
	if (rc == EXIT_OK)
		rc = a.kill ? kill_all(&a, flows, n) : list(&a, flows, n);
	for (uint32_t i = 0; i < n; i++)
		sl_flows_close(flows[i]);
	return rc;
}
