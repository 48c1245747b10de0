/* SPDX-License-Identifier: BSD-3-Clause */
/* Names in the place of addresses: the table, what a translation makes of it and what it wants. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dump.h"
#include "sl_conf.h"

#define HEAD                                                                                  \
	"apiVersion: networking.istio.io/v1\n"                                                \
	"kind: Gateway\n"                                                                     \
	"metadata: { name: g }\n"                                                             \
	"spec: { servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }] }\n"     \
	"---\n"                                                                               \
	"apiVersion: networking.istio.io/v1\n"                                                \
	"kind: VirtualService\n"                                                              \
	"metadata: { name: v }\n"                                                             \
	"spec: { hosts: [\"*\"], gateways: [g], http: [{ route: [{ destination: { host: api " \
	"} }] }] }\n"                                                                         \
	"---\n"
#define ENTRY                                  \
	"apiVersion: networking.istio.io/v1\n" \
	"kind: ServiceEntry\n"                 \
	"metadata: { name: e }\n"              \
	"spec:\n"                              \
	"  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 8080 }]\n"

static struct sl_ip ip(const char *text)
{
	struct sl_ip a;

	assert_int_equal(sl_ip_parse(text, &a, NULL), 0);
	return a;
}

/* Puts up to three addresses. */
static int put(struct sl_names *t, const char *name, const char *a, const char *b, const char *c)
{
	const char *text[] = {a, b, c};
	struct sl_ip v[3];
	size_t n = 0;

	while (n < 3 && text[n]) {
		v[n] = ip(text[n]);
		n++;
	}
	return sl_names_put(t, name, v, n, false);
}

static struct sl_objects *read_set(const char *yaml, const struct sl_names *names, size_t most)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_err err;

	if (sl_objects_read_text(set, "t.yaml", yaml, strlen(yaml), &err) < 0)
		fail_msg("%s", err.text);
	sl_objects_use_names(set, names, most);
	return set;
}

/* The line of the first cluster. */
static void want_cluster(const struct sl_objects *set, const char *want)
{
	struct sl_model *model = sl_model_create();
	struct sl_err err;
	char *dump, *at;

	if (sl_objects_model(set, NULL, 0, model, &err) < 0 || sl_model_check(model, &err) < 0)
		fail_msg("%s", err.text);
	dump = dump_model(model);
	at = strstr(dump, "cluster outbound");
	assert_non_null(at);
	*strchr(at, '\n') = '\0';
	assert_string_equal(at, want);
	free(dump);
	sl_model_free(model);
}

static void names_are_read(void **state)
{
	static const char *const bad[] = {
		"",
		".",
		"*.a.b",
		"a..b",
		"-a.b",
		"a-.b",
		"a b",
		"10.0.0.300",
		"1",
		"a.12",
		"a/b",
		"unix:///x",
		"x234567890123456789012345678901234567890123456789012345678901234.a"};
	char name[SL_NAME_TEXT_MAX], text[300];

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++)
		if (sl_name_read(bad[i], name))
			fail_msg("'%s' was taken", bad[i]);
	assert_true(sl_name_read("API.Example.COM.", name));
	assert_string_equal(name, "api.example.com");
	assert_true(sl_name_read("_x.a-b.3c", name));
	memset(text, 'a', sizeof(text));
	for (size_t i = 3; i < sizeof(text); i += 4)
		text[i] = '.';
	text[253] = '\0';
	assert_true(sl_name_read(text, name));
	text[253] = 'a';
	text[254] = '\0';
	assert_false(sl_name_read(text, name));
}

static void some_addresses_never_count(void **state)
{
	static const char *const bad[] = {"0.0.0.0",   "127.0.0.1", "169.254.169.254",
					  "224.0.0.1", "240.0.0.1", "255.255.255.255",
					  "::",        "::1",       "fe80::1",
					  "febf::1",   "ff02::1",   "::ffff:127.0.0.1",
					  "0.1.2.3"};
	static const char *const good[] = {"10.0.0.1", "192.0.2.1",          "2001:db8::1",
					   "fd00::1",  "64:ff9b::192.0.2.1", "169.253.0.1"};

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		struct sl_ip a = ip(bad[i]);

		if (sl_name_usable(&a))
			fail_msg("%s counts", bad[i]);
	}
	for (size_t i = 0; i < SL_ARRAY_LEN(good); i++) {
		struct sl_ip a = ip(good[i]);

		if (!sl_name_usable(&a))
			fail_msg("%s does not count", good[i]);
	}
}

static void table_tells_news(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_ip two[] = {ip("10.0.0.2"), ip("10.0.0.1")}, turned[] = {two[1], two[0]};

	assert_int_equal(put(t, "a", "10.0.0.2", "10.0.0.1", "10.0.0.2"), 1);
	assert_int_equal(sl_names_find(t, "a")->n, 2);
	assert_int_equal(put(t, "a", "10.0.0.1", "10.0.0.2", NULL), 0);
	assert_int_equal(sl_names_version(t), 1);
	/* The order counts where the first is what is taken. */
	assert_int_equal(sl_names_put(t, "a", two, 2, true), 1);
	assert_int_equal(sl_names_put(t, "a", two, 2, true), 0);
	assert_int_equal(sl_names_put(t, "a", turned, 2, true), 1);
	assert_true(sl_ip_eq(&sl_names_find(t, "a")->first, &two[1]));
	assert_int_equal(put(t, "b", NULL, NULL, NULL), 0);
	assert_int_equal(put(t, "c", "10.0.0.9", NULL, NULL), 1);
	sl_names_remove(t, "a");
	sl_names_remove(t, "nobody");
	assert_null(sl_names_find(t, "a"));
	assert_int_equal(sl_names_count(t), 2);
	assert_int_equal(sl_names_find(t, "c")->n, 1);
	assert_null(sl_names_find(NULL, "c"));
	sl_names_free(t);
}

static void hosts_are_looked_up(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_objects *set = read_set(HEAD ENTRY "  hosts: [API]\n  resolution: DNS\n", t, 10);
	struct sl_name_wanted w;

	want_cluster(set, "cluster outbound|80||api STRICT_DNS least_request");
	assert_int_equal(sl_objects_wanted_count(set), 1);
	w = sl_objects_wanted_at(set, 0);
	assert_string_equal(w.name, "api");
	assert_string_equal(w.file, "t.yaml");
	assert_int_equal(w.line, 16);
	assert_false(w.first);
	put(t, "api", "10.0.0.2", "2001:db8::1", "10.0.0.1");
	want_cluster(set, "cluster outbound|80||api STRICT_DNS least_request 10.0.0.1:8080 "
			  "10.0.0.2:8080 [2001:db8::1]:8080");
	assert_int_equal(sl_objects_wanted_count(set), 1);
	sl_objects_free(set);
	sl_names_free(t);
}

static void round_robin_takes_the_first(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_objects *set =
		read_set(HEAD ENTRY "  hosts: [api]\n  resolution: DNS_ROUND_ROBIN\n", t, 10);

	put(t, "api", "10.0.0.2", "10.0.0.1", NULL);
	want_cluster(set, "cluster outbound|80||api LOGICAL_DNS least_request 10.0.0.2:8080");
	assert_true(sl_objects_wanted_at(set, 0).first);
	sl_objects_free(set);
	sl_names_free(t);
}

static void endpoints_may_be_names(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_objects *set = read_set(
		HEAD ENTRY "  hosts: [api, \"*.x\"]\n  resolution: DNS\n  endpoints:\n"
			   "  - { address: One.example.com., weight: 3, locality: eu/north/a }\n"
			   "  - { address: 10.0.0.9 }\n"
			   "  - { address: two.example.com, ports: { http: 9090 } }\n",
		t, 10);

	put(t, "one.example.com", "10.0.0.1", "10.0.0.2", NULL);
	want_cluster(set, "cluster outbound|80||api STRICT_DNS least_request "
			  "10.0.0.1:8080*3@eu/north/a 10.0.0.2:8080*3@eu/north/a 10.0.0.9:8080");
	assert_int_equal(sl_objects_wanted_count(set), 2);
	assert_int_equal(sl_objects_wanted_at(set, 1).line, 21);
	put(t, "two.example.com", "10.0.0.3", NULL, NULL);
	want_cluster(set, "cluster outbound|80||api STRICT_DNS least_request "
			  "10.0.0.1:8080*3@eu/north/a 10.0.0.2:8080*3@eu/north/a 10.0.0.3:9090 "
			  "10.0.0.9:8080");
	sl_objects_free(set);
	sl_names_free(t);
}

static void labels_and_workloads(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_objects *set = read_set(
		"apiVersion: networking.istio.io/v1\n"
		"kind: Gateway\n"
		"metadata: { name: g }\n"
		"spec: { servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }] }\n"
		"---\n"
		"apiVersion: networking.istio.io/v1\n"
		"kind: VirtualService\n"
		"metadata: { name: v }\n"
		"spec: { hosts: [\"*\"], gateways: [g], http: [{ route: [{ destination: { host: "
		"api.test, subset: v2 } }] }] }\n"
		"---\n" ENTRY "  hosts: [api.test]\n  resolution: DNS\n"
		"  workloadSelector: { labels: { app: vm } }\n"
		"---\n"
		"apiVersion: networking.istio.io/v1\n"
		"kind: WorkloadEntry\n"
		"metadata: { name: one }\n"
		"spec: { address: one.example.com, labels: { app: vm, version: v1 } }\n"
		"---\n"
		"apiVersion: networking.istio.io/v1\n"
		"kind: WorkloadEntry\n"
		"metadata: { name: two }\n"
		"spec: { address: two.example.com, labels: { app: vm, version: v2 } }\n"
		"---\n"
		"apiVersion: networking.istio.io/v1\n"
		"kind: DestinationRule\n"
		"metadata: { name: api }\n"
		"spec: { host: api.test, subsets: [{ name: v2, labels: { version: v2 } }] }\n",
		t, 10);

	put(t, "one.example.com", "10.0.0.1", NULL, NULL);
	put(t, "two.example.com", "10.0.0.2", "10.0.0.3", NULL);
	want_cluster(set,
		     "cluster outbound|80|v2|api.test STRICT_DNS least_request rule=api.default "
		     "10.0.0.2:8080 10.0.0.3:8080");
	assert_int_equal(sl_objects_wanted_count(set), 2);
	sl_objects_free(set);
	sl_names_free(t);
}

static void external_names(void **state)
{
	struct sl_names *t = sl_names_create();
	struct sl_objects *set =
		read_set(HEAD "apiVersion: v1\nkind: Service\nmetadata: { name: api }\n"
			      "spec: { type: ExternalName, externalName: X.example.com, ports: [{ "
			      "port: 80 }] }\n",
			 t, 10);

	put(t, "x.example.com", "10.0.0.1", NULL, NULL);
	want_cluster(set, "cluster outbound|80||api.default.svc.cluster.local STRICT_DNS "
			  "least_request 10.0.0.1:80");
	assert_int_equal(sl_objects_wanted_at(set, 0).line, 14);
	sl_objects_free(set);
	sl_names_free(t);
}

static void native_endpoints_may_be_names(void **state)
{
	static const char text[] =
		"ports = ( { name = \"a\"; kind = \"null\"; addresses = [\"10.0.0.1/24\"]; } );\n"
		"clusters = ( { name = \"c\"; endpoints = (\n"
		"{ address = \"Web.example.com:80\"; weight = 3; },\n"
		"\"10.0.0.2:80\", \"db.example.com:81\" ); } );\n";
	struct sl_names *t = sl_names_create();
	struct sl_objects *set = read_set(HEAD ENTRY "  hosts: [api]\n  resolution: DNS\n", t, 10);
	struct sl_model *model = sl_model_create();
	struct sl_conf *conf;
	struct sl_err err;
	char *dump;

	/* The box's own address, and one that is written as an address, are passed over. */
	put(t, "web.example.com", "10.0.0.3", "10.0.0.2", "10.0.0.1");
	if (sl_conf_read_text(&conf, "t.conf", text, strlen(text), &err) < 0 ||
	    sl_conf_model_on(conf, set, model, &err) < 0 ||
	    sl_objects_model(set, NULL, 0, model, &err) < 0 || sl_model_check(model, &err) < 0)
		fail_msg("%s", err.text);
	dump = dump_model(model);
	if (!strstr(dump, "cluster c STRICT_DNS least_request 10.0.0.2:80 10.0.0.3:80*3\n"))
		fail_msg("%s", dump);
	free(dump);
	assert_int_equal(sl_objects_wanted_count(set), 3);
	assert_string_equal(sl_objects_wanted_at(set, 0).name, "web.example.com");
	assert_string_equal(sl_objects_wanted_at(set, 0).file, "t.conf");
	assert_int_equal(sl_objects_wanted_at(set, 0).line, 3);
	assert_string_equal(sl_objects_wanted_at(set, 2).name, "api");
	sl_objects_use_names(set, t, 1);
	assert_int_equal(sl_conf_model_on(conf, set, model, &err), -EINVAL);
	sl_model_free(model);
	model = sl_model_create();
	assert_int_equal(sl_conf_model_on(conf, set, model, &err), -EINVAL);
	assert_string_equal(err.text, "t.conf:4: more than 1 names to be looked up; write fewer, "
				      "or raise dns.names");
	/* Where nothing is known of names they are fine, and stand for nothing. */
	sl_model_free(model);
	model = sl_model_create();
	assert_int_equal(sl_conf_model(conf, model, &err), 0);
	assert_int_equal(model->clusters[0].n_endpoints, 1);
	sl_model_free(model);
	sl_conf_free(conf);
	sl_objects_free(set);
	sl_names_free(t);
}

static void too_many_are_refused(void **state)
{
	struct sl_objects *set =
		read_set(HEAD ENTRY "  hosts: [api]\n  resolution: DNS\n  endpoints:\n"
				    "  - { address: a.b }\n  - { address: a.b, ports: { http: 1 } "
				    "}\n  - { address: c.d }\n",
			 NULL, 1);
	struct sl_model *model = sl_model_create();
	struct sl_err err;

	assert_int_equal(sl_objects_model(set, NULL, 0, model, &err), -EINVAL);
	assert_string_equal(err.text, "t.yaml:21: more than 1 names to be looked up; write fewer, "
				      "or raise dns.names in sluice.conf");
	sl_model_free(model);
	sl_objects_free(set);
}

static void news_are_a_change_of_endpoints(void **state)
{
	static const char yaml[] = HEAD ENTRY "  hosts: [api]\n  resolution: DNS\n";
	const char *cluster = "outbound|80||api";
	struct sl_names *t = sl_names_create();
	struct sl_objects *was = read_set(yaml, t, 10), *now;
	struct sl_model *model = sl_model_create();
	struct sl_err err;

	now = sl_objects_create();
	for (size_t i = 0; i < sl_objects_count(was); i++)
		assert_int_equal(sl_objects_put(now, was, i), 0);
	sl_objects_use_names(now, t, 10);
	assert_int_equal(sl_objects_compare(was, now, NULL, 0), SL_OBJECTS_EQUAL);
	put(t, "api", "10.0.0.1", NULL, NULL);
	sl_objects_use_names(now, t, 10);
	assert_int_equal(sl_objects_compare(was, now, NULL, 0), SL_OBJECTS_ENDPOINTS);
	if (sl_objects_endpoints_on(now, was, "", NULL, 0, &cluster, 1, model, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(model->n_clusters, 1);
	assert_int_equal(model->clusters[0].n_endpoints, 1);
	assert_int_equal(sl_objects_wanted_count(now), 1);
	sl_model_free(model);
	sl_objects_free(was);
	sl_objects_free(now);
	sl_names_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(some_addresses_never_count),
		cmocka_unit_test(table_tells_news),
		cmocka_unit_test(hosts_are_looked_up),
		cmocka_unit_test(round_robin_takes_the_first),
		cmocka_unit_test(endpoints_may_be_names),
		cmocka_unit_test(labels_and_workloads),
		cmocka_unit_test(external_names),
		cmocka_unit_test(native_endpoints_may_be_names),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(news_are_a_change_of_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
