package example;

import static org.flyte.flytekit.SdkBindingData.ofInteger;
import static org.flyte.flytekit.SdkConditions.eq;
import static org.flyte.flytekit.SdkConditions.lt;
import static org.flyte.flytekit.SdkConditions.when;

import com.google.auto.service.AutoService;
import com.google.auto.value.AutoValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.flyte.api.v1.ContainerError;
import org.flyte.flytekit.*;
import org.flyte.flytekit.jackson.JacksonSdkType;

/** What the recordings beside this file were made from, with flytekit-java and jflyte 0.3.20. */
public class Flows {

  @AutoService(SdkRunnableTask.class)
  public static class Sum extends SdkRunnableTask<Sum.Input, Sum.Output> {
    public Sum() {
      super(JacksonSdkType.of(Input.class), JacksonSdkType.of(Output.class));
    }

    static SdkTransform of(SdkBindingData a, SdkBindingData b) {
      return new Sum().withInput("a", a).withInput("b", b);
    }

    @AutoValue
    public abstract static class Input {
      abstract long a();

      abstract long b();
    }

    @AutoValue
    public abstract static class Output {
      abstract long c();
    }

    @Override
    public Output run(Input input) {
      return new AutoValue_Flows_Sum_Output(input.a() + input.b());
    }

    @Override
    public boolean isCached() {
      return true;
    }

    @Override
    public String getCacheVersion() {
      return "1";
    }

    @Override
    public SdkResources getResources() {
      return SdkResources.builder()
          .requests(Map.of(SdkResources.ResourceName.CPU, "250m"))
          .limits(Map.of(SdkResources.ResourceName.MEMORY, "1Gi"))
          .build();
    }
  }

  @AutoService(SdkRunnableTask.class)
  public static class Divide extends SdkRunnableTask<Divide.Input, Divide.Output> {
    public Divide() {
      super(JacksonSdkType.of(Input.class), JacksonSdkType.of(Output.class));
    }

    @AutoValue
    public abstract static class Pair {
      abstract long over();

      abstract long under();
    }

    @AutoValue
    public abstract static class Input {
      abstract Pair pair();

      abstract List<Map<String, Double>> unused();
    }

    @AutoValue
    public abstract static class Output {
      abstract long quotient();
    }

    @Override
    public Output run(Input input) {
      if (input.pair().over() < 0) {
        throw ContainerError.create("Negative", "is negative", ContainerError.Kind.RECOVERABLE);
      }
      return new AutoValue_Flows_Divide_Output(input.pair().over() / input.pair().under());
    }

    @Override
    public int getRetries() {
      return 2;
    }
  }

  @AutoService(SdkContainerTask.class)
  public static class Hello extends SdkContainerTask<Void, Void> {
    public Hello() {
      super(SdkTypes.nulls(), SdkTypes.nulls());
    }

    @Override
    public String getImage() {
      return "alpine";
    }

    @Override
    public List<String> getCommand() {
      return List.of("sh");
    }

    @Override
    public List<String> getArgs() {
      return List.of("-c", "echo Hello $NAME");
    }

    @Override
    public Map<String, String> getEnv() {
      return Map.of("NAME", "Ada");
    }
  }

  @AutoService(SdkDynamicWorkflowTask.class)
  public static class Fibonacci extends SdkDynamicWorkflowTask<Fibonacci.Input, Fibonacci.Output> {
    public Fibonacci() {
      super(JacksonSdkType.of(Input.class), JacksonSdkType.of(Output.class));
    }

    @AutoValue
    public abstract static class Input {
      abstract long n();
    }

    @AutoValue
    public abstract static class Output {
      abstract List<Long> all();
    }

    @Override
    public void run(SdkWorkflowBuilder builder, Input input) {
      List<SdkBindingData> all = new ArrayList<>(List.of(ofInteger(0), ofInteger(1)));
      for (int i = 2; i <= input.n(); i++) {
        SdkBindingData left = all.get(i - 2);
        SdkBindingData right = all.get(i - 1);
        all.add(
            i == 2
                ? builder
                    .apply("sub", new Add().withInput("left", left).withInput("right", right))
                    .getOutput("result")
                : builder.apply("fib-" + i, Sum.of(left, right)).getOutput("c"));
      }
      builder.output("all", SdkBindingData.ofBindingCollection(all));
    }
  }

  @AutoService(SdkWorkflow.class)
  public static class Add extends SdkWorkflow {
    @Override
    public void expand(SdkWorkflowBuilder builder) {
      SdkBindingData left = builder.inputOfInteger("left", "the one");
      SdkBindingData right = builder.inputOfInteger("right", "the other");
      builder.output("result", builder.apply("sum", Sum.of(left, right)).getOutput("c"), "both");
    }
  }

  @AutoService(SdkWorkflow.class)
  public static class Everything extends SdkWorkflow {
    @Override
    public void expand(SdkWorkflowBuilder builder) {
      SdkBindingData n = builder.inputOfInteger("n");
      SdkNode hello =
          builder.apply(
              "hello",
              new Hello().withNameOverride("say hello").withTimeoutOverride(Duration.ofMinutes(15)));
      SdkNode add =
          builder.apply(
              "add",
              new Add().withInput("left", n).withInput("right", 1L).withUpstreamNode(hello));
      SdkNode choice =
          builder.apply(
              "choice",
              when("few", lt(add.getOutput("result"), ofInteger(5)), Sum.of(n, n))
                  .when("five", eq(add.getOutput("result"), ofInteger(5)), Sum.of(n, ofInteger(0)))
                  .otherwise("many", Sum.of(n, ofInteger(100))));
      builder.output("chosen", choice.getOutput("c"));
      SdkNode all = builder.apply("fibonacci", new Fibonacci().withInput("n", n));
      builder.output("all", all.getOutput("all"));
    }
  }

  @AutoService(SdkLaunchPlanRegistry.class)
  public static class Plans extends SimpleSdkLaunchPlanRegistry {
    public Plans() {
      registerDefaultLaunchPlans();
      registerLaunchPlan(
          SdkLaunchPlan.of(new Add())
              .withName("example.Answer")
              .withFixedInput("left", 40L)
              .withDefaultInput("right", 2L));
      registerLaunchPlan(
          SdkLaunchPlan.of(new Everything())
              .withName("example.Daily")
              .withFixedInput("n", 4L)
              .withCronSchedule(SdkCronSchedule.of("@daily")));
    }
  }
}
