/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays packet cases. */
#include "case.h"

#include <stdlib.h>

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return s + strspn(s, " \t");
}

unsigned case_read(const char *path, struct nat_case *out, unsigned max)
{
	const char *base = strrchr(path, '/');
	FILE *f = fopen(path, "r");
	unsigned n = 0;
	char line[600];
	int number = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		struct nat_case *c = n ? &out[n - 1] : NULL;

		number++;
		if (strncmp(line, "== ", 3) == 0 && n < max) {
			c = &out[n++];
			memset(c, 0, sizeof(*c));
			snprintf(c->file, sizeof(c->file), "%s", base ? base + 1 : path);
			snprintf(c->title, sizeof(c->title), "%s", trim(line + 3));
			c->first_line = number;
		} else if (c && *trim(line) && *trim(line) != '#' && c->n < CASE_LINES) {
			c->number[c->n] = number;
			c->line[c->n++] = strdup(line);
		}
	}
	fclose(f);
	return n;
}

/* Lines up to "}". */
static char *block(struct play *p)
{
	size_t n = 0;
	char *text = calloc(1, 1);

	while (++p->at < p->c->n && strcmp(p->c->line[p->at], "}") != 0) {
		const char *line = p->c->line[p->at];

		text = realloc(text, n + strlen(line) + 2);
		n += (size_t)sprintf(text + n, "%s\n", line);
	}
	return text;
}

static struct sl_model *model(struct play *p, struct sl_nat_config *cfg)
{
	const char *conf = p->conf || p->yaml ? p->conf : p->defaults;
	struct sl_err err = {""};
	struct sl_model *m = box_model(conf, p->yaml, cfg, &err);

	if (!m)
		case_fail(p, "%s", err.text);
	return m;
}

/* Hosts on the two subnets are known; others are behind routers that are. */
static void know(struct play *p, int port, const struct sl_ip *ip)
{
	const char *net = port ? "10.10." : "192.0.2.",
		   *net6 = port ? "2001:db8:2::" : "2001:db8:1::";
	char text[SL_IP_TEXT_MAX];

	sl_ip_format(ip, text);
	if (strncmp(text, net, strlen(net)) == 0 || strncmp(text, net6, strlen(net6)) == 0)
		nw_know(p->w, port, text);
}

static void know_endpoints(struct play *p)
{
	for (size_t i = 0; i < p->w->model->n_clusters; i++) {
		const struct sl_model_cluster *c = &p->w->model->clusters[i];

		for (size_t e = 0; e < c->n_endpoints; e++)
			know(p, 1, &c->endpoints[e].addr.ip);
	}
}

static void start(struct play *p)
{
	struct sl_nat_config cfg = {0};

	if (p->w || p->kernel)
		return;
	p->w = nw_start_with(64, model(p, &cfg), &cfg);
	know_endpoints(p);
}

/* Nothing may be left over of what the last packet did. */
static void settle(struct play *p)
{
	char text[400];

	if (p->out_at < p->n_out)
		case_fail(p, "before this, the box also sent on port %d: %s",
			  p->out_port[p->out_at], pk_text(&p->out[p->out_at], text, sizeof(text)));
	if (p->left)
		case_fail(p, "before this, a packet was left to the box itself");
	for (int i = 0; i < SL_DROP_COUNT; i++)
		if (p->drops[i])
			case_fail(p, "before this, a packet was dropped: %s",
				  sl_drop_name((enum sl_drop)i));
	p->n_out = p->out_at = 0;
}

/* One packet or fragment in, and what comes of it. */
static void put_kernel(struct play *p, int port, const struct pk_bytes *b)
{
	kernel_put(p->kernel, port, b);
	p->n_out = box_out_of_kernel(p->kernel, p->out, p->out_port, SL_ARRAY_LEN(p->out));
}

static void collect(struct play *p, const uint64_t before[SL_DROP_COUNT])
{
	p->n_out = box_out(p->w, p->out, NULL, p->out_port, SL_ARRAY_LEN(p->out));
	p->left = p->w->left > 0;
	for (int i = 0; i < SL_DROP_COUNT; i++)
		p->drops[i] += p->w->fx->lc.stats.drops[i] - before[i];
}

static void do_in(struct play *p, char *arg)
{
	static struct pk_bytes whole, piece;
	uint64_t before[SL_DROP_COUNT];
	struct words w;
	char *rest;
	int port = (int)strtol(arg, &rest, 10);

	settle(p);
	words_read(p, trim(rest), &w);
	if (*w.bind_src || *w.bind_dst || *w.bind_sport || *w.bind_dport)
		case_fail(p, "a variable has no value");
	pk_build(&whole, &w.p);
	if (w.cut_len) {
		pk_cut(&piece, &whole, w.cut_off, w.cut_len, w.p.id);
		whole = piece;
	}
	if (p->kernel) {
		put_kernel(p, port, &whole);
		return;
	}
	know(p, port, &w.p.src);
	memcpy(before, p->w->fx->lc.stats.drops, sizeof(before));
	box_put(p->w, port, &whole);
	collect(p, before);
}

#define SAME(field)                                                                       \
	do {                                                                              \
		if (w->said.field && got->field != w->p.field)                            \
			case_fail(p, #field " is %u in: %s", (unsigned)got->field, text); \
	} while (0)

static void same_icmp(struct play *p, const struct words *w, const struct pk *got, const char *text)
{
	const struct pk_quote *q = &w->p.quote, *g = &got->quote;

	if (w->said.type && (got->type != w->p.type || got->code != w->p.code))
		case_fail(p, "another type or code: %s", text);
	SAME(mtu);
	if (w->said.echo && got->echo_no != w->p.echo_no)
		case_fail(p, "another number of echo: %s", text);
	if (!w->p.quoted)
		return;
	if (!got->quoted || q->proto != g->proto || !sl_ip_eq(&q->src, &g->src) ||
	    !sl_ip_eq(&q->dst, &g->dst) || q->sport != g->sport || q->dport != g->dport)
		case_fail(p, "another packet is quoted: %s", text);
	if (!w->said.own && (g->len != q->len || !got->quote_as_built))
		case_fail(p, "the quotation was damaged: %s", text);
}

static void same(struct play *p, struct words *w, const struct pk *got, const char *text)
{
	if (*w->bind_src)
		var_set_ip(p, w->bind_src, &got->src);
	else if (!sl_ip_eq(&w->p.src, &got->src))
		case_fail(p, "another source: %s", text);
	if (*w->bind_dst)
		var_set_ip(p, w->bind_dst, &got->dst);
	else if (!sl_ip_eq(&w->p.dst, &got->dst))
		case_fail(p, "another destination: %s", text);
	if (*w->bind_sport)
		var_set_port(p, w->bind_sport, pk_is_icmp(got) ? got->echo : got->sport);
	else if (w->p.sport != got->sport || (w->said.echo && w->p.echo != got->echo))
		case_fail(p, "another source port: %s", text);
	if (*w->bind_dport)
		var_set_port(p, w->bind_dport, got->dport);
	else if (w->p.dport != got->dport)
		case_fail(p, "another destination port: %s", text);
	if (w->said.nocsum != got->no_csum)
		case_fail(p, "UDP checksum %s: %s", got->no_csum ? "is missing" : "was added",
			  text);
	SAME(flags);
	SAME(seq);
	SAME(ack);
	SAME(len);
	SAME(salt);
	SAME(ttl);
	SAME(id);
	SAME(df);
	/* The kernel cuts again as it was cut before, we cut as little as we can. */
	if (!p->kernel)
		SAME(pieces);
	same_icmp(p, w, got, text);
}

static void do_out(struct play *p, char *arg)
{
	const struct pk *got = &p->out[p->out_at];
	struct words w;
	char text[400], *rest;
	int port = (int)strtol(arg, &rest, 10);

	words_read(p, trim(rest), &w);
	if (p->out_at == p->n_out) {
		for (int i = 0; i < SL_DROP_COUNT; i++)
			if (p->drops[i])
				case_fail(p, "nothing went out, but was dropped: %s",
					  sl_drop_name((enum sl_drop)i));
		case_fail(p, "nothing went out%s", p->left ? ", but was left to the box" : "");
	}
	pk_text(got, text, sizeof(text));
	if (p->out_port[p->out_at] != port)
		case_fail(p, "on port %d: %s", p->out_port[p->out_at], text);
	if (got->proto != w.p.proto)
		case_fail(p, "another protocol: %s", text);
	same(p, &w, got, text);
	p->out_at++;
}

static void do_drop(struct play *p, char *arg)
{
	if (p->kernel)
		return;
	for (int i = 0; i < SL_DROP_COUNT; i++)
		if (strcmp(sl_drop_name((enum sl_drop)i), arg) == 0) {
			if (!p->drops[i])
				case_fail(p, "nothing was dropped for that reason");
			p->drops[i]--;
			return;
		}
	case_fail(p, "there is no reason '%s'", arg);
}

static void do_left(struct play *p, char *arg)
{
	/* What a node makes of a packet to itself is not compared. */
	if (p->kernel) {
		p->n_out = p->out_at = 0;
		return;
	}
	if (!p->left)
		case_fail(p, "nothing was left to the box");
	p->left = false;
}

static void do_wait(struct play *p, char *arg)
{
	settle(p);
	nw_pass_s(p->w, (unsigned)atoi(arg));
}

static void do_state(struct play *p, char *arg)
{
	const struct sl_nat_session *s;
	const char *got = "FREE";
	struct sl_ip_port client;
	uint32_t row = 0;
	char *want = strchr(arg, ' ');

	if (p->kernel)
		return;
	if (!want)
		case_fail(p, "write CLIENT:PORT STATE");
	*want++ = '\0';
	if (sl_ip_port_parse(arg, &client, NULL) < 0)
		case_fail(p, "'%s' is no client", arg);
	while ((s = sl_nat_at(p->w->nat, &row)))
		if (s->cport == client.port && sl_ip_eq(&s->client, &client.ip))
			got = sl_nat_state_name(s->state);
	if (strcmp(got, want) != 0)
		case_fail(p, "the session is %s", got);
}

static void do_sessions(struct play *p, char *arg)
{
	uint32_t n = p->kernel ? (uint32_t)atoi(arg) : sl_nat_count(p->w->nat);

	if (n != (uint32_t)atoi(arg))
		case_fail(p, "there are %u sessions", n);
}

static void set_health(struct play *p, const char *arg, bool failed)
{
	struct sl_ip_port at;

	settle(p);
	if (sl_ip_port_parse(arg, &at, NULL) < 0 || !nw_set_health(p->w, &at, failed))
		case_fail(p, "there is no endpoint '%s'", arg);
}

static void do_fails(struct play *p, char *arg)
{
	set_health(p, arg, true);
}

static void do_recovers(struct play *p, char *arg)
{
	set_health(p, arg, false);
}

static void do_restart(struct play *p, char *arg)
{
	settle(p);
	nw_restart(p->w);
}

static void do_apply(struct play *p, char *arg)
{
	struct sl_nat_config cfg = {0};

	settle(p);
	nw_change(p->w, model(p, &cfg));
	know_endpoints(p);
}

static void compare(struct play *p, char *arg, bool want)
{
	char *other = strchr(arg, ' ');
	const struct var *a, *b;

	if (!other)
		case_fail(p, "write two variables");
	*other++ = '\0';
	a = var_find(p, arg);
	b = var_find(p, other);
	if (!a || !b)
		case_fail(p, "a variable has no value");
	if ((a->is_ip ? sl_ip_eq(&a->ip, &b->ip) : a->port == b->port) != want)
		case_fail(p, "%s and %s are %s", arg, other, want ? "different" : "the same");
}

static void do_equal(struct play *p, char *arg)
{
	compare(p, arg, true);
}

static void do_unequal(struct play *p, char *arg)
{
	compare(p, arg, false);
}

static void do_nothing(struct play *p, char *arg)
{
}

static const struct {
	const char *name;
	void (*run)(struct play *p, char *arg);
} verbs[] = {{"in", do_in},
	     {"out", do_out},
	     {"drop", do_drop},
	     {"left", do_left},
	     {"wait", do_wait},
	     {"state", do_state},
	     {"sessions", do_sessions},
	     {"fails", do_fails},
	     {"recovers", do_recovers},
	     {"restart", do_restart},
	     {"apply", do_apply},
	     {"equal", do_equal},
	     {"unequal", do_unequal},
	     {"differs", do_nothing}};

static void step(struct play *p)
{
	char copy[600], *line, *arg;

	snprintf(copy, sizeof(copy), "%s", p->c->line[p->at]);
	line = trim(copy);
	if (strcmp(line, "conf {") == 0 || strcmp(line, "yaml {") == 0) {
		char **to = *line == 'c' ? &p->conf : &p->yaml;

		free(*to);
		*to = block(p);
		return;
	}
	start(p);
	arg = line + strcspn(line, " ");
	if (*arg)
		*arg++ = '\0';
	for (size_t i = 0; i < SL_ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, line) == 0) {
			verbs[i].run(p, trim(arg));
			return;
		}
	case_fail(p, "unknown step '%s'", line);
}

void case_play(const struct nat_case *c, const char *defaults)
{
	struct play p = {.c = c, .defaults = defaults};

	for (; p.at < c->n; p.at++)
		step(&p);
	settle(&p);
	nw_stop(p.w);
	free(p.conf);
	free(p.yaml);
}

bool case_is_for_kernel(const struct nat_case *c)
{
	static const char *const ours[] = {"conf {", "yaml {", "wait", "restart", "apply", "fails"};

	for (unsigned i = 0; i < c->n; i++)
		for (size_t k = 0; k < SL_ARRAY_LEN(ours); k++)
			if (strncmp(c->line[i], ours[k], strlen(ours[k])) == 0)
				return false;
	return true;
}

const char *case_differs(const struct nat_case *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strncmp(c->line[i], "differs ", 8) == 0)
			return c->line[i] + 8;
	return NULL;
}

void case_play_kernel(const struct nat_case *c, struct kernel *kernel)
{
	struct play p = {.c = c, .kernel = kernel};

	kernel_flush(kernel);
	for (; p.at < c->n; p.at++)
		step(&p);
	settle(&p);
}
