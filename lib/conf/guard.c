/* SPDX-License-Identifier: BSD-3-Clause */
/* What sluice.conf says of L4 sessions: access list, addresses they come from, times. */
#include <netinet/in.h>

#include "box.h"
#include "words.h"

struct rule_text {
	int action, protocol;
	const char *from, *to;
	uint16_t port, port_last;
};

#define RULE(field)    SL_KEY_AT(struct rule_text, field)
#define SESSION_MAX_MS (INT64_C(30) * SL_KEY_DAY_MS)

static const char *const action_words[] = {"allow", "deny", NULL};
static const char *const protocol_words[] = {"any", "tcp", "udp", NULL};

const struct sl_key sl_conf_rule_keys[] = {
	{.name = "action",
	 .type = SL_KEY_WORD,
	 RULE(action),
	 .words = action_words,
	 .required = true,
	 .help = "what happens: action = \"deny\""},
	{.name = "from",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 RULE(from),
	 .def = "",
	 .help = "Clients, as a prefix; absent: all of them."},
	{.name = "to",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 RULE(to),
	 .def = "",
	 .help = "Address that they speak to, as a prefix; absent: any."},
	{.name = "port",
	 .type = SL_KEY_INT,
	 RULE(port),
	 0,
	 65535,
	 "0",
	 .help = "Port that they speak to; 0: any."},
	{.name = "port_last",
	 .type = SL_KEY_INT,
	 RULE(port_last),
	 0,
	 65535,
	 "0",
	 .help = "Last port of a range that begins at `port`."},
	{.name = "protocol",
	 .type = SL_KEY_WORD,
	 RULE(protocol),
	 .def = "any",
	 .words = protocol_words,
	 .help = "Transport protocol."},
	{0},
};

/* The kernel's conntrack has the same defaults. */
const struct sl_key sl_conf_session_keys[] = {
	{.name = "tcp_syn_sent",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[1]),
	 1000,
	 SESSION_MAX_MS,
	 "120s",
	 .help = "A SYN that was not answered."},
	{.name = "tcp_syn_recv",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[2]),
	 1000,
	 SESSION_MAX_MS,
	 "60s",
	 .help = "A SYN|ACK that was not acknowledged."},
	{.name = "tcp_established",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[3]),
	 1000,
	 SESSION_MAX_MS,
	 "120h",
	 .help = "A connection in silence."},
	{.name = "tcp_fin",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[4]),
	 1000,
	 SESSION_MAX_MS,
	 "120s",
	 .help = "A connection that one side has closed."},
	{.name = "tcp_time_wait",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[5]),
	 1000,
	 SESSION_MAX_MS,
	 "120s",
	 .help = "A connection that both sides have closed."},
	{.name = "tcp_close",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[6]),
	 1000,
	 SESSION_MAX_MS,
	 "10s",
	 .help = "A connection that was reset."},
	{.name = "udp",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[7]),
	 1000,
	 SESSION_MAX_MS,
	 "30s",
	 .help = "Datagrams that were not answered."},
	{.name = "udp_stream",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[8]),
	 1000,
	 SESSION_MAX_MS,
	 "120s",
	 .help = "Datagrams that were answered."},
	{.name = "icmp",
	 .type = SL_KEY_TIME,
	 BOX(session_ms[9]),
	 1000,
	 SESSION_MAX_MS,
	 "30s",
	 .help = "Echo requests to the outside (`egress`)."},
	{0},
};

/* Absent: every address of either family. */
static int prefix_read(struct sl_reader *r, const config_setting_t *s, const char *list,
		       const char *text, struct sl_prefix *prefix)
{
	struct sl_err why;

	*prefix = (struct sl_prefix){.len = 0};
	if (*text && sl_prefix_parse(text, prefix, &why) < 0)
		return sl_reader_bad(r, s, "%s: %s", list, why.text);
	return 0;
}

int sl_conf_rule_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	static const uint8_t protos[] = {0, IPPROTO_TCP, IPPROTO_UDP};
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct sl_conf_rule *rule = &box->rule[box->n_rules];
	struct rule_text t = {0};
	int e = sl_keys_read(r, sl_conf_rule_keys, s, "rule", &t);

	if (e == 0)
		e = prefix_read(r, s, "access list", t.from, &rule->from);
	if (e == 0)
		e = prefix_read(r, s, "access list", t.to, &rule->to);
	if (e == 0 && t.port_last && (t.port == 0 || t.port_last < t.port))
		e = sl_reader_bad(r, s, "a rule for ports %u to %u; write the lower one first",
				  t.port, t.port_last);
	rule->allow = t.action == 0;
	rule->proto = protos[t.protocol];
	rule->port = t.port;
	rule->port_last = t.port == 0 ? UINT16_MAX : t.port_last ? t.port_last : t.port;
	box->n_rules++;
	return e;
}

int sl_conf_snat_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct sl_err why;
	const char *text;
	int e = sl_reader_str(r, s, &text);

	if (e == 0 && sl_ip_parse(text, &box->snat[box->n_snat], &why) < 0)
		e = sl_reader_bad(r, s, "'snat': %s", why.text);
	box->n_snat++;
	return e;
}

struct egress_text {
	const char *from, *to;
	struct sl_conf_egress e;
};

#define EGRESS(field) SL_KEY_AT(struct egress_text, field)

static int egress_snat_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_egress *e = &((struct egress_text *)dst)->e;
	struct sl_err why;
	const char *text;
	int rc = sl_reader_str(r, s, &text);

	if (rc == 0 && sl_ip_parse(text, &e->snat[e->n_snat], &why) < 0)
		rc = sl_reader_bad(r, s, "egress 'snat': %s", why.text);
	e->n_snat++;
	return rc;
}

const struct sl_key sl_conf_egress_keys[] = {
	{.name = "from",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 EGRESS(from),
	 .min = 1,
	 .required = true,
	 .help = "the hosts that may go outside: from = \"10.10.0.0/16\""},
	{.name = "to",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 EGRESS(to),
	 .def = "",
	 .help = "Where to, as a prefix; absent: anywhere but `from`."},
	{.name = "snat",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_SNAT_MAX,
	 .read = egress_snat_read,
	 .help = "Addresses of the box that they come from there, each host from the same one as "
		 "long as that has ports. Absent: the one towards the destination, then those of "
		 "`snat`."},
	{0},
};

int sl_conf_egress_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_box *box = &((struct sl_conf *)dst)->box;
	struct egress_text t = {.e = {.n_snat = 0}};
	int e = sl_keys_read(r, sl_conf_egress_keys, s, "egress", &t);
	bool v4;

	if (e == 0)
		e = prefix_read(r, s, "egress", t.from, &t.e.from);
	if (e)
		return e;
	v4 = sl_ip_is_v4(&t.e.from.ip);
	t.e.to = v4 ? (struct sl_prefix){sl_ip_from_v4(0), 96} : (struct sl_prefix){.len = 0};
	if (*t.to)
		e = prefix_read(r, s, "egress", t.to, &t.e.to);
	if (e == 0 && *t.to && sl_ip_is_v4(&t.e.to.ip) != v4)
		e = sl_reader_bad(r, s, "egress from %s to %s; write prefixes of one family",
				  t.from, t.to);
	for (uint16_t i = 0; e == 0 && i < t.e.n_snat; i++)
		if (sl_ip_is_v4(&t.e.snat[i]) != v4)
			e = sl_reader_bad(r, s,
					  "egress from %s by an address of the other family; write "
					  "addresses of one family",
					  t.from);
	box->egress[box->n_egress++] = t.e;
	return e;
}

/* Answers must come back to us: only addresses of ports will do. */
static int ours_check(struct sl_reader *r, const struct sl_conf *conf, const config_setting_t *list,
		      const struct sl_ip *ips, uint16_t n)
{
	char text[SL_IP_TEXT_MAX];

	for (uint16_t i = 0; i < n; i++) {
		bool ours = false;

		for (uint16_t p = 0; p < conf->box.n_ports; p++)
			for (uint16_t a = 0; a < conf->box.port[p].n_addrs; a++)
				ours |= sl_ip_eq(&conf->box.port[p].addr[a].ip, &ips[i]);
		if (!ours)
			return sl_reader_bad(r, config_setting_get_elem(list, i),
					     "'snat' holds %s, which is no address of a port; add "
					     "it to that port's addresses",
					     sl_ip_format(&ips[i], text));
	}
	return 0;
}

int sl_conf_snat_check(struct sl_reader *r, const struct sl_conf *conf)
{
	const struct sl_conf_box *box = &conf->box;
	const config_setting_t *list = config_lookup(&conf->cfg, "egress");
	int e = ours_check(r, conf, config_lookup(&conf->cfg, "snat"), box->snat, box->n_snat);

	for (uint16_t i = 0; e == 0 && i < box->n_egress; i++)
		e = ours_check(r, conf,
			       config_setting_get_member(config_setting_get_elem(list, i), "snat"),
			       box->egress[i].snat, box->egress[i].n_snat);
	return e;
}
