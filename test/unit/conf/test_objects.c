/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of objects: reading, replacing, removing, and the YAML they are written back as. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/source_dir.h"
#include "dump.h"
#include "sl_conf.h"

#define SERVICE(name, port)                                                                     \
	"apiVersion: v1\nkind: Service\nmetadata: { name: " name " }\nspec: { ports: [{ port: " \
	"" port " }] }\n---\n"

static int read_text(struct sl_objects *set, const char *text, struct sl_err *err)
{
	return sl_objects_read_text(set, "t.yaml", text, strlen(text), err);
}

static void read_ok(struct sl_objects *set, const char *text)
{
	struct sl_err err = {{0}};

	if (read_text(set, text, &err) < 0)
		fail_msg("%s", err.text);
}

/* Names in order, as "kind/ns/name ". */
static void has(const struct sl_objects *set, const char *want)
{
	char got[1000] = "";
	size_t n = 0;

	for (size_t i = 0; i < sl_objects_count(set); i++) {
		struct sl_object_ref r = sl_objects_at(set, i);

		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s/%s/%s%s", i ? " " : "",
				      r.kind, r.ns, r.name, r.ignored ? "!" : "");
	}
	assert_string_equal(got, want);
}

static void an_object_is_replaced(void **state)
{
	struct sl_objects *set = sl_objects_create();
	char *yaml;

	read_ok(set, SERVICE("a", "1") SERVICE("b", "2") SERVICE("c", "3"));
	read_ok(set, SERVICE("b", "4"));
	has(set, "Service/default/a Service/default/b Service/default/c");
	yaml = sl_objects_yaml(set, 1);
	assert_string_equal(yaml, "apiVersion: v1\nkind: Service\nmetadata:\n  name: b\nspec:\n"
				  "  ports:\n  - port: 4\n");
	free(yaml);
	sl_objects_free(set);
}

static void all_or_nothing(void **state)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_err err;

	read_ok(set, SERVICE("a", "1"));
	assert_int_equal(read_text(set, SERVICE("b", "2") SERVICE("a", "x"), &err), -EINVAL);
	has(set, "Service/default/a");
	assert_int_equal(read_text(set, SERVICE("b", "2") SERVICE("b", "3"), &err), -EINVAL);
	assert_string_equal(err.text, "t.yaml:6: Service default/b is already defined at t.yaml:1; "
				      "write it once");
	has(set, "Service/default/a");
	sl_objects_free(set);
}

static void removal(void **state)
{
	struct sl_objects *set = sl_objects_create();

	read_ok(set, SERVICE("a", "1") SERVICE("b", "2") SERVICE(
			     "c", "3") "apiVersion: v1\nkind: Namespace\nmetadata: { name: n }\n");
	assert_int_equal(sl_objects_remove(set, "service", "default", "x"), -ENOENT);
	assert_int_equal(sl_objects_remove(set, "service", "other", "a"), -ENOENT);
	assert_int_equal(sl_objects_remove(set, "service", "default", "a"), 0);
	has(set, "Service/default/b Service/default/c Namespace//n");
	assert_int_equal(sl_objects_remove(set, "NAMESPACE", "default", "n"), 0);
	/* The index still finds what has moved. */
	read_ok(set, SERVICE("c", "9"));
	has(set, "Service/default/b Service/default/c");
	sl_objects_free(set);
}

static void copies_outlive_their_source(void **state)
{
	struct sl_objects *a = sl_objects_create(), *b = sl_objects_create();
	struct sl_object_ref r;

	read_ok(a, "\n\n" SERVICE("x", "1") SERVICE("y", "1"));
	assert_int_equal(sl_objects_put(b, a, 0), 0);
	assert_int_equal(sl_objects_put(b, a, 1), 0);
	assert_int_equal(sl_objects_put(b, a, 0), 0);
	sl_objects_free(a);
	has(b, "Service/default/x Service/default/y");
	r = sl_objects_at(b, 0);
	assert_string_equal(r.file, "t.yaml");
	assert_int_equal(r.line, 3);
	assert_string_equal(r.api_version, "v1");
	sl_objects_free(b);
}

static void applications_are_named_as_ignored(void **state)
{
	struct sl_objects *set = sl_objects_create();

	read_ok(set, "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d, namespace: n }\n"
		     "spec: { any: [thing, { is: fine }] }\n---\n---\n# nothing\n---\n"
		     "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
		     "metadata: { name: 'system:x' }\n");
	has(set, "Deployment/n/d ClusterRole//system:x!");
	sl_objects_free(set);
}

static void lists_are_opened(void **state)
{
	struct sl_objects *set = sl_objects_create();

	read_ok(set, "apiVersion: v1\nkind: List\nitems:\n"
		     "- { apiVersion: v1, kind: Namespace, metadata: { name: a } }\n"
		     "- { apiVersion: v1, kind: Namespace, metadata: { name: b } }\n");
	has(set, "Namespace//a Namespace//b");
	sl_objects_free(set);
}

/* What is written back reads as the same, whatever was in it. */
static void yaml_round_trips(void **state)
{
	static const char text[] =
		"kind: Service\napiVersion: v1\nspec:\n  ports: &p [{ port: 80, name: \"y\" }]\n"
		"metadata:\n  annotations:\n    quoted: \"80\"\n    yes: \"no\"\n    empty: ''\n"
		"    colon: 'a: b # c'\n    lines: |\n      one\n      two\n    tab: \"a\\tb\"\n"
		"    unicode: caf\xc3\xa9\n    star: '*x'\n    tilde: '~'\n    float: '1e3'\n"
		"    date: 2024-01-01T00:00:00Z\n    'key: odd': x\n    '5': five\n"
		"    long: >-\n      aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll "
		"mmmm "
		"nnnn oooo pppp\n"
		"  name: x\n  labels: null\n";
	struct sl_objects *a = sl_objects_create(), *b = sl_objects_create();
	char *first, *second;

	read_ok(a, text);
	first = sl_objects_yaml(a, 0);
	assert_non_null(first);
	assert_ptr_equal(strstr(first, "apiVersion: v1\nkind: Service\nmetadata:\n"), first);
	assert_non_null(strstr(first, "quoted: \"80\"\n"));
	assert_non_null(strstr(first, "\"yes\": \"no\"\n"));
	assert_non_null(strstr(first, "lines: \"one\\ntwo\\n\"\n"));
	assert_non_null(strstr(first, "date: \"2024-01-01T00:00:00Z\"\n"));
	read_ok(b, first);
	second = sl_objects_yaml(b, 0);
	assert_string_equal(first, second);
	free(first);
	free(second);
	sl_objects_free(a);
	sl_objects_free(b);
}

static void aliases_are_written_out(void **state)
{
	struct sl_objects *set = sl_objects_create();
	char *yaml;

	read_ok(set,
		"apiVersion: v1\nkind: Service\nmetadata: { name: &n x, labels: { app: *n } }\n"
		"spec: { selector: &s { a: b }, ports: [] }\n");
	yaml = sl_objects_yaml(set, 0);
	assert_string_equal(yaml, "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  labels:\n"
				  "    app: x\nspec:\n  selector:\n    a: b\n  ports: []\n");
	free(yaml);
	sl_objects_free(set);
}

/* The scenario: every object, its place, and a model that its own YAML gives again. */
static void a_folder(void **state)
{
	struct sl_objects *set = sl_objects_create(), *again = sl_objects_create();
	struct sl_model *m1 = sl_model_create(), *m2 = sl_model_create();
	char *d1, *d2;
	struct sl_prefix own;
	struct sl_err err;

	assert_int_equal(sl_prefix_parse("10.10.1.4/24", &own, NULL), 0);
	assert_int_equal(sl_objects_read(set, SL_SOURCE_DIR "/config/examples/scenario/", &err), 0);
	has(set, "Endpoints/simple/simple Endpoints/simple/nginx "
		 "Endpoints/istio-system/istio-ingressgateway "
		 "Service/istio-system/istio-ingressgateway VirtualService/simple/simple "
		 "Gateway/simple/simple Deployment/simple/nginx-deployment Service/simple/nginx "
		 "Deployment/simple/simple Service/simple/simple");
	assert_string_equal(sl_objects_at(set, 1).file,
			    SL_SOURCE_DIR "/config/examples/scenario/endpoints.yaml");
	assert_int_equal(sl_objects_at(set, 1).line, 9);
	for (size_t i = 0; i < sl_objects_count(set); i++) {
		char *yaml = sl_objects_yaml(set, i);

		read_ok(again, yaml);
		free(yaml);
	}
	assert_int_equal(sl_objects_model(set, &own, 1, m1, &err), 0);
	assert_int_equal(sl_objects_warning_count(set), 0);
	assert_int_equal(sl_objects_model(again, &own, 1, m2, &err), 0);
	d1 = dump_model(m1);
	d2 = dump_model(m2);
	assert_string_equal(d1, d2);
	free(d1);
	free(d2);
	sl_model_free(m1);
	sl_model_free(m2);
	sl_objects_free(set);
	sl_objects_free(again);
}

/* A file of 16 MiB and a byte is not even read; a named pipe makes nobody wait. */
static void odd_files(void **state)
{
	char dir[] = "/tmp/sl_objects_XXXXXX", path[64];
	struct sl_objects *set = sl_objects_create();
	struct sl_err err;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/big.yaml", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), (16 << 20) + 1), 0);
	fclose(f);
	assert_int_equal(sl_objects_read(set, dir, &err), -E2BIG);
	assert_non_null(strstr(err.text, "/big.yaml: is larger than 16 MiB; split it"));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sl_objects_read(set, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/big.yaml: is not a file; write the path of a file"));
	unlink(path);
	assert_int_equal(sl_objects_read(set, dir, &err), 0);
	assert_int_equal(sl_objects_count(set), 0);
	rmdir(dir);
	sl_objects_free(set);
}

/* Thousands of objects stay quick: nothing here is quadratic. */
static void many_objects(void **state)
{
	struct sl_objects *set = sl_objects_create();
	struct sl_model *model = sl_model_create();
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	uint64_t start = sl_clock_us();
	struct sl_err err = {{0}};

	for (int i = 0; i < 20000; i++)
		fprintf(f,
			"apiVersion: v1\nkind: Service\nmetadata: { name: s%d }\n"
			"spec: { clusterIP: 10.%d.%d.1, ports: [{ port: 80 }] }\n---\n",
			i, 100 + i / 200, i % 200);
	fclose(f);
	read_ok(set, text);
	assert_int_equal(sl_objects_count(set), 20000);
	assert_int_equal(sl_objects_model(set, NULL, 0, model, &err), 0);
	assert_int_equal(sl_model_check(model, &err), 0);
	assert_int_equal(model->n_services, 20000);
	print_message("20000 Services: %lu ms\n", (unsigned long)(sl_clock_us() - start) / 1000);
	free(text);
	sl_model_free(model);
	sl_objects_free(set);
}

/* Load balancers ask a node whether it has endpoints of a Service with external policy Local. */
static void health_check_ports(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: Service\nmetadata: { name: s, namespace: n }\n"
		"spec:\n  type: LoadBalancer\n  clusterIP: 10.96.0.1\n  externalTrafficPolicy: "
		"Local\n"
		"  healthCheckNodePort: 32000\n  ports: [{ port: 80, nodePort: 30080 }]\n---\n"
		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
		"metadata: { name: s-1, namespace: n, labels: { kubernetes.io/service-name: s } }\n"
		"addressType: IPv4\nports: [{ port: 8080 }]\n"
		"endpoints: [{ addresses: [\"10.0.0.1\"], nodeName: a }]\n";
	static const struct {
		const char *node;
		uint16_t status;
		const char *body;
	} want[] = {{"a", 200, "\"localEndpoints\":1"},
		    {"b", 503, "\"localEndpoints\":0"},
		    {"", 200, "\"localEndpoints\":1"}};

	for (size_t i = 0; i < SL_ARRAY_LEN(want); i++) {
		struct sl_objects *set = sl_objects_create();
		struct sl_model *m = sl_model_create();
		const struct sl_model_route *r;
		struct sl_err err = {{0}};

		read_ok(set, text);
		if (sl_objects_model_on(set, want[i].node, NULL, 0, m, &err) ||
		    sl_model_check(m, &err))
			fail_msg("%s", err.text);
		assert_int_equal(m->n_listeners, 1);
		assert_string_equal(m->listeners[0].name, "healthcheck|n/s");
		assert_int_equal(m->listeners[0].port, 32000);
		r = &m->tables[0].vhosts[0].routes[0];
		assert_int_equal(r->status, want[i].status);
		assert_non_null(strstr(r->direct_body, want[i].body));
		assert_non_null(strstr(r->direct_body, "\"namespace\":\"n\",\"name\":\"s\""));
		sl_model_free(m);
		sl_objects_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_replaced),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(removal),
		cmocka_unit_test(copies_outlive_their_source),
		cmocka_unit_test(applications_are_named_as_ignored),
		cmocka_unit_test(lists_are_opened),
		cmocka_unit_test(yaml_round_trips),
		cmocka_unit_test(aliases_are_written_out),
		cmocka_unit_test(a_folder),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(many_objects),
		cmocka_unit_test(health_check_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
