/* SPDX-License-Identifier: BSD-3-Clause */
/* The `dns` group: which servers are asked for names, and how often. */
#include <errno.h>

#include "box.h"

#define DNS(field) SL_KEY_AT(struct sl_conf, control.dns.field)
#define DNS_PORT   53

static int server_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct sl_conf_dns *dns = &((struct sl_conf *)dst)->control.dns;
	struct sl_ip_port *to = &dns->server[dns->n_servers];
	const char *text;
	int e = sl_reader_str(r, s, &text);

	if (e)
		return e;
	to->port = DNS_PORT;
	if (sl_ip_parse(text, &to->ip, NULL) < 0 && sl_ip_port_parse(text, to, NULL) < 0)
		return sl_reader_bad(r, s,
				     "'servers' holds what is no address; write one such as "
				     "\"192.0.2.53\" or \"127.0.0.1:5353\"");
	dns->n_servers++;
	return 0;
}

const struct sl_key sl_conf_dns_keys[] = {
	{.name = "servers",
	 .type = SL_KEY_EACH,
	 .max = SL_CONF_DNS_SERVERS,
	 .read = server_read,
	 .help = "Addresses of DNS servers, asked in this order; a port may follow. Absent: those "
		 "of /etc/resolv.conf."},
	{.name = "timeout",
	 .type = SL_KEY_TIME,
	 DNS(timeout_ms),
	 1,
	 60000,
	 "2s",
	 .help = "A server that has not answered for so long is passed over; each is asked twice, "
		 "the second time for twice as long."},
	{.name = "refresh_min",
	 .type = SL_KEY_TIME,
	 DNS(refresh_min_ms),
	 1000,
	 SL_KEY_DAY_MS,
	 "5s",
	 .help = "A name is not looked up again sooner, whatever its time to live."},
	{.name = "refresh_max",
	 .type = SL_KEY_TIME,
	 DNS(refresh_max_ms),
	 1000,
	 SL_KEY_DAY_MS,
	 "5m",
	 .help = "It is looked up again after so long at the latest."},
	{.name = "names",
	 .type = SL_KEY_INT,
	 DNS(names),
	 1,
	 SL_NAMES_MAX,
	 "1000",
	 .help = "Names that may be looked up; a configuration with more is refused."},
	{.name = "addresses",
	 .type = SL_KEY_INT,
	 DNS(addresses),
	 1,
	 SL_NAME_ADDRS_MAX,
	 "64",
	 .help = "Addresses of one name that become endpoints: the lowest of its answer."},
	{0},
};

int sl_conf_dns_check(struct sl_reader *r, const struct sl_conf *conf)
{
	const struct sl_conf_dns *dns = &conf->control.dns;

	if (dns->refresh_min_ms > dns->refresh_max_ms)
		return sl_reader_bad(r, config_lookup(&conf->cfg, "dns"),
				     "'refresh_min' is above 'refresh_max'; write less");
	return 0;
}
