/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference manual of sluice.conf, written from the keyword tables that read it. */
#include <stdio.h>
#include <stdlib.h>

#include "box.h"
#include "words.h"

static const char *type_text(const struct sl_key *k)
{
	switch (k->type) {
	case SL_KEY_INT:
		return "number";
	case SL_KEY_BOOL:
		return "true, false";
	case SL_KEY_TIME:
		return "time";
	case SL_KEY_SIZE:
	case SL_KEY_BYTES:
		return "size";
	case SL_KEY_RATE:
		return "percentage";
	case SL_KEY_EACH:
		return k->keys ? "list of groups" : "list";
	case SL_KEY_GROUP:
		return "group";
	case SL_KEY_READ:
		return k->keys ? "group" : "text";
	default:
		return "text";
	}
}

static void range(FILE *f, const struct sl_key *k)
{
	char least[24], most[24];

	if (k->type == SL_KEY_INT)
		fprintf(f, " %lld to %lld", (long long)k->min, (long long)k->max);
	else if (k->type == SL_KEY_TIME && k->max == SL_KEY_DAY_MS)
		fprintf(f, " %s to 24h", k->min >= 1000 ? "1s" : k->min ? "1ms" : "0");
	else if (k->type == SL_KEY_TIME)
		fprintf(f, " %s to %llds", k->min ? "1ms" : "0", (long long)k->max / 1000);
	else if (k->type == SL_KEY_SIZE)
		fprintf(f, " %lldM to %lldM", (long long)k->min, (long long)k->max);
	else if (k->type == SL_KEY_BYTES)
		fprintf(f, " %s to %s", sl_bytes_text((uint64_t)k->min, least),
			sl_bytes_text((uint64_t)k->max, most));
	else if (k->type == SL_KEY_EACH && k->max)
		fprintf(f, ", at most %lld", (long long)k->max);
	for (int i = 0; k->words && k->words[i]; i++)
		fprintf(f, "%s`%s`", i ? ", " : ": ", k->words[i]);
}

static void chapter(FILE *f, const char *title, const struct sl_key *keys)
{
	fprintf(f, "\n## %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title);
	for (const struct sl_key *k = keys; k->type != SL_KEY_END; k++) {
		fprintf(f, "| `%s` | %s", k->name, type_text(k));
		range(f, k);
		if (k->required)
			fprintf(f, " | required | ");
		else if (k->def && *k->def)
			fprintf(f, " | `%s` | ", k->def);
		else
			fprintf(f, " | | ");
		/* A bar would end the cell. */
		for (const char *p = k->help; *p; p++)
			fprintf(f, "%s%c", *p == '|' ? "\\" : "", *p);
		fprintf(f, " |\n");
	}
}

/* Groups whose tables have no name outside their file are found by way of the key. */
static const struct sl_key *sub(const struct sl_key *keys, const char *name)
{
	for (; keys->type != SL_KEY_END; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys->keys;
	return keys;
}

static void chapters(FILE *f)
{
	static const char *const groups[] = {"workers", "memory", "log",      "control", "admin",
					     "dns",     "limits", "timeouts", "http"};
	const struct sl_key *route = sl_native_route_keys;

	chapter(f, "Top level", sl_conf_root_keys);
	for (size_t i = 0; i < SL_ARRAY_LEN(groups); i++)
		chapter(f, groups[i], sub(sl_conf_root_keys, groups[i]));
	chapter(f, "ports", sl_conf_port_keys);
	chapter(f, "ports: fault", sl_conf_fault_keys);
	chapter(f, "ports: fault: rx, tx", sub(sl_conf_fault_keys, "rx"));
	chapter(f, "routes", sl_conf_route_keys);
	chapter(f, "listeners", sl_native_listener_keys);
	chapter(f, "listeners: hosts", sl_native_host_keys);
	chapter(f, "listeners: hosts: routes", route);
	chapter(f, "listeners: hosts: routes: match", sub(route, "match"));
	chapter(f, "listeners: hosts: routes: clusters", sl_native_weight_keys);
	chapter(f, "listeners: hosts: routes: redirect", sub(route, "redirect"));
	chapter(f, "listeners: hosts: routes: direct", sub(route, "direct"));
	chapter(f, "access", sl_conf_rule_keys);
	chapter(f, "egress", sl_conf_egress_keys);
	chapter(f, "clusters", sl_native_cluster_keys);
	chapter(f, "clusters: hash", sl_native_hash_keys);
	chapter(f, "clusters: limits", sl_native_limit_keys);
	chapter(f, "clusters: warmup", sl_native_warmup_keys);
	chapter(f, "clusters: ejection", sl_native_ejection_keys);
	chapter(f, "clusters: health_check", sl_native_check_keys);
	chapter(f, "clusters: endpoints", sl_native_endpoint_keys);
	chapter(f, "services", sl_native_service_keys);
}

static const char head[] =
	"# sluice.conf\n"
	"\n"
	"Written from the keyword tables of `lib/conf`; `config/sluice.conf` is an example with\n"
	"every key.\n"
	"\n"
	"The syntax is libconfig's: `name = value;`, groups in `{ }`, lists in `( )`, arrays in\n"
	"`[ ]`, comments after `#` or `//`. `@include \"path\"` on a line of its own reads "
	"another\n"
	"file, relative to the one it stands in. A time is a text with its unit (`\"200ms\"`,\n"
	"`\"10s\"`, `\"1m30s\"`, `\"1h\"`) or 0, a size likewise (`\"512M\"`, `\"1G\"`). An "
	"unknown\n"
	"key, a wrong type and a number out of range are errors with file and line; nothing is\n"
	"changed then.\n";

static const char foot[] =
	"\n"
	"A route has one of `cluster`, `clusters`, `redirect` and `direct`. A service has "
	"`address`\n"
	"and `port`, or `node_port`; and one of `listener` and `cluster`. What routes and "
	"services\n"
	"name may come from the manifests as well.\n"
	"\n"
	"## Kinds of ports\n"
	"\n"
	"| kind | `device` |\n"
	"|---|---|\n"
	"| `pci` | PCI address, `0000:03:00.0` |\n"
	"| `af_packet`, `af_xdp` | network interface, `eth1` |\n"
	"| `tap` | name of the interface that is made, up to 15 bytes; may be left out |\n"
	"| `memif` | socket, `/run/x.sock`; with `,server` behind it on one of the two sides |\n"
	"| `pcap` | two files, `in.pcap,out.pcap` |\n"
	"| `null` | none |\n";

char *sl_conf_reference(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	bool bad;

	if (!f)
		return NULL;
	fputs(head, f);
	chapters(f);
	fputs(foot, f);
	bad = ferror(f) != 0;
	if (fclose(f) == 0 && !bad)
		return text;
	free(text);
	return NULL;
}
