{{/* The pod of a workload, of `root`, `role` and the `values` of that role. */}}
{{- define "alula.pod" -}}
{{- $root := .root -}}
{{- $pod := $root.Values.pod -}}
{{- $database := $root.Values.database.passwordSecret -}}
{{- $objects := $root.Values.objects.secret -}}
metadata:
  annotations:
    checksum/settings: {{ include "alula.settings" $root | sha256sum }}
    {{- with $pod.annotations }}{{ toYaml . | nindent 4 }}{{ end }}
  labels:
    {{- include "alula.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with $pod.labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "alula.workload" . }}
  automountServiceAccountToken: {{ ne .role "scheduler" }}
  # A service named `alula-http` would be the variable ALULA_HTTP_PORT.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $pod.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
    {{- toYaml $pod.securityContext | nindent 4 }}
  {{- if $pod.hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  {{- with $root.Values.pullSecrets }}
  imagePullSecrets: {{ range . }}{{ dict "name" . | list | toYaml | nindent 4 }}{{ end }}
  {{- end }}
  {{- range $word := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
  {{- with index $pod $word }}
  {{ $word }}: {{ toJson . }}
  {{- end }}
  {{- end }}
  topologySpreadConstraints:
    {{- if $pod.topologySpreadConstraints }}
    {{- toYaml $pod.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "alula.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ .role }}
    {{- end }}
  containers:
    - name: alula
      image: {{ include "alula.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [up, --role, {{ .role }}, --settings, /etc/alula/settings.toml]
      env:
        {{- if or (eq .role "all") (eq .role "runner") }}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        # The same for the pod that follows on this one, so that it knows the tasks' pods that this one leaves.
        - {name: ALULA__RUNNER__ID, value: "{{ printf "%s/%s" $root.Release.Namespace (include "alula.fullname" $root) | sha256sum | trunc 8 }}-$(POD_NAME)"}
        {{- end }}
        {{- if $database.name }}
        - name: ALULA__STORE__PASSWORD
          valueFrom: {secretKeyRef: {name: {{ $database.name }}, key: {{ $database.key }}}}
        {{- end }}
        {{- if $objects.name }}
        - name: ALULA__OBJECTS__ACCESS_KEY
          valueFrom: {secretKeyRef: {name: {{ $objects.name }}, key: {{ $objects.accessKey }}, optional: true}}
        - name: ALULA__OBJECTS__SECRET_KEY
          valueFrom: {secretKeyRef: {name: {{ $objects.name }}, key: {{ $objects.secretKey }}}}
        {{- end }}
        {{- with $pod.env }}{{ toYaml . | nindent 8 }}{{ end }}
      ports:
        {{- if ne .role "runner" }}{{ if ne .role "scheduler" }}
        - {name: http, containerPort: 8088}
        - {name: grpc, containerPort: 8089}
        {{- end }}{{ end }}
        - {name: metrics, containerPort: 9090}
      # All roles answer there, and no rush of clients takes its connections. A large store may take a while to migrate.
      startupProbe: {httpGet: {path: /healthcheck, port: metrics}, periodSeconds: 2, failureThreshold: 300}
      readinessProbe: {httpGet: {path: /healthcheck, port: metrics}, periodSeconds: 5, timeoutSeconds: 5}
      livenessProbe: {httpGet: {path: /healthcheck, port: metrics}, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 3}
      resources: {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: settings, mountPath: /etc/alula, readOnly: true}
        - {name: data, mountPath: /var/lib/alula}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: settings
      configMap: {name: {{ include "alula.fullname" $root }}}
    - name: data
      emptyDir: {sizeLimit: {{ $pod.dataSize }}}
    - name: tmp
      emptyDir: {}
{{- end }}
