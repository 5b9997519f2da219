namespace MogaSharp.Training.Tests;

/// <summary>Presets, files and fields of recipes.</summary>
public sealed class RecipeTests
{
    public static TheoryData<string> Presets => [.. RecipePresets.All.Select(recipe => recipe.Name)];

    // How everybody tries a trainer.
    [Theory]
    [MemberData(nameof(Presets))]
    public void Every_preset_fits_a_single_epoch(string name)
    {
        TrainingRecipe recipe = RecipePresets.Find(name) with { Epochs = 1 };
        TrainingRecipe fitted = RecipeFit.ToEpochs(recipe, warmup: true, cooldown: true, out IReadOnlyList<string> changes).Validated();
        Assert.Equal(1, fitted.TotalEpochs());
        Assert.Equal(
            recipe.WarmupEpochs > fitted.WarmupEpochs,
            changes.Any(change => change.StartsWith("warm-up", StringComparison.Ordinal))
        );
        Assert.Equal(
            RecipePresets.Find(name),
            RecipeFit.ToEpochs(RecipePresets.Find(name), true, true, out _) with
            {
                WarmupEpochs = RecipePresets.Find(name).WarmupEpochs,
            }
        );
    }

    [Fact]
    public void Warm_up_and_cool_down_shrink_with_the_epochs()
    {
        TrainingRecipe recipe = RecipePresets.Find("t") with { Epochs = 12 };
        TrainingRecipe fitted = RecipeFit.ToEpochs(recipe, true, true, out IReadOnlyList<string> changes);
        Assert.Equal((2.0, 1), (fitted.WarmupEpochs, fitted.CooldownEpochs));
        Assert.Equal(["warm-up 5 -> 2 epochs", "cool-down 10 -> 1 epochs"], changes);
        Assert.Same(recipe.Name, RecipeFit.ToEpochs(recipe, false, false, out changes).Name);
        Assert.Empty(changes);
    }

    [Theory]
    [InlineData(12, 1, 1, 0, 12)]
    [InlineData(13, 1, 1, 1, 12)]
    [InlineData(13, 2, 2, 1, 8)]
    [InlineData(5000, 1, 1, 1, 1024)]
    [InlineData(1, 1, 1, 1, 0)]
    public void The_largest_batch_is_shared_and_paired_evenly(long count, int processes, int parts, double mixup, int expected)
    {
        var recipe = new TrainingRecipe
        {
            AccumulationSteps = parts,
            Mixup = mixup,
            Cutmix = 0,
        };
        Assert.Equal(expected, RecipeFit.LargestBatch(recipe, count, processes));
    }

    // Westlake-AI/MogaNet, TRAINING.md.
    [Theory]
    [InlineData("xt", 0.03, 0.05, "rand-m7-mstd0.5-inc1", 0.1, 1e-6, null, 1024)]
    [InlineData("t", 0.04, 0.1, "rand-m7-mstd0.5-inc1", 0.1, 1e-6, null, 1024)]
    [InlineData("s", 0.05, 0.1, "rand-m9-mstd0.5-inc1", 0.8, 1e-5, 0.9999, 1024)]
    [InlineData("b", 0.05, 0.2, "rand-m9-mstd0.5-inc1", 0.8, 1e-5, 0.9999, 1024)]
    [InlineData("l", 0.05, 0.3, "rand-m9-mstd0.5-inc1", 0.8, 1e-5, 0.9999, 1024)]
    [InlineData("xl", 0.05, 0.4, "rand-m9-mstd0.5-inc1", 0.8, 1e-5, 0.9999, 512)]
    public void Official_recipes_have_the_official_settings(
        string name,
        double weightDecay,
        double dropPath,
        string augment,
        double mixup,
        double minimum,
        double? ema,
        int batch
    )
    {
        TrainingRecipe recipe = RecipePresets.Find(name);
        Assert.Equal((weightDecay, dropPath, augment, mixup), (recipe.WeightDecay, recipe.DropPath, recipe.RandAugment, recipe.Mixup));
        Assert.Equal((minimum, ema, batch), (recipe.MinLearningRate, recipe.EmaDecay, recipe.BatchSize));
        Assert.Equal(1e-3, recipe.ScaledLearningRate());
        Assert.Equal(
            (300, 10, 310, 5.0, 1e-5),
            (recipe.Epochs, recipe.CooldownEpochs, recipe.TotalEpochs(), recipe.WarmupEpochs, recipe.WarmupLearningRate)
        );
        Assert.Equal((OptimizerKind.AdamW, 1e-8), (recipe.Optimizer, recipe.Epsilon));
        Assert.Equal([0.9, 0.999], recipe.Betas);
        Assert.Equal((1.0, 0.5, 0.1), (recipe.Cutmix, recipe.MixSwitchProbability, recipe.LabelSmoothing));
        Assert.Equal([0.08, 1], recipe.CropScale);
        Assert.Equal(
            (0.5, "random", 0.4, 0.25, 0.9),
            (recipe.HorizontalFlip, recipe.Interpolation, Assert.Single(recipe.ColorJitter), recipe.RandomErasing, recipe.EvalCrop)
        );
        Assert.Equal(
            (ScheduleKind.Cosine, ScheduleUnit.Epoch, LossKind.CrossEntropy, 224),
            (recipe.Schedule, recipe.ScheduleUnit, recipe.Loss, recipe.ImageSize)
        );
    }

    // Westlake-AI/MogaNet, video_prediction/configs/mmnist/simvp and simvp/utils/parser.py.
    [Theory]
    [InlineData("simvp_moga_mmnist", 1e-3)]
    [InlineData("simvp_gsta_mmnist", 1e-3)]
    [InlineData("simvp_convnext_mmnist", 1e-2)]
    [InlineData("simvp_convmixer_mmnist", 1e-2)]
    [InlineData("simvp_uniformer_mmnist", 5e-4)]
    public void Video_recipes_have_the_official_settings(string model, double rate)
    {
        TrainingRecipe recipe = RecipePresets.TryFind(model)!;
        Assert.Equal(("mmnist", rate), (recipe.Name, recipe.ScaledLearningRate()));
        Assert.Equal(
            (200, 200, 16, OptimizerKind.Adam, 0.0, 0.0),
            (recipe.Epochs, recipe.TotalEpochs(), recipe.BatchSize, recipe.Optimizer, recipe.WeightDecay, recipe.DropPath)
        );
        Assert.Equal(
            (LossKind.MeanSquaredError, null, null, Precision.None),
            (recipe.Loss, recipe.ClipGradient, recipe.EmaDecay, recipe.Amp)
        );
        // PyTorch's OneCycleLR over all updates, with final_div_factor 1e4, which is its default too.
        var schedule = Assert.IsType<OneCycleSchedule>(LearningRateSchedule.Create(recipe, 625));
        Assert.Equal((125_000L, 1e4, (0.95, 0.85)), (schedule.Length, schedule.EndDivisor, schedule.Momentum!.Value));
        Assert.Equal(rate / 25, schedule.RateAt(0), 1e-18);
        Assert.Equal(rate, RecipePresets.Find("mmnist-small", Card(model)).LearningRate);
        Assert.Equal(
            (2000, rate),
            (RecipePresets.TryFind(model + "_ep2000")!.Epochs, RecipePresets.TryFind(model + "_ep2000")!.LearningRate)
        );
    }

    // facebookresearch/ConvNeXt and raoyongming/HorNet, TRAINING.md and main.py; microsoft/Swin-Transformer, config.py.
    [Theory]
    [InlineData("convnext-tiny", 4e-3, 4096, 0.05, 0.1, null, 1e-6, 0.9999, "rand-m9-mstd0.5-inc1")]
    [InlineData("convnext-large", 4e-3, 4096, 0.05, 0.5, null, 1e-6, 0.9999, "rand-m9-mstd0.5-inc1")]
    [InlineData("hornet-tiny-7x7", 4e-3, 4096, 0.05, 0.2, 100.0, 1e-6, 0.9999, "rand-m9-mstd0.5-inc1")]
    [InlineData("hornet-base-gf", 4e-3, 4096, 0.05, 0.5, 1.0, 1e-6, 0.9999, "rand-m15-mstd0.5-inc1")]
    [InlineData("swin-tiny", 1e-3, 1024, 0.05, 0.2, 5.0, 1e-5, null, "rand-m9-mstd0.5-inc1")]
    [InlineData("swin-base", 1e-3, 1024, 0.05, 0.5, 5.0, 1e-5, null, "rand-m9-mstd0.5-inc1")]
    public void Other_networks_have_their_own_official_settings(
        string name,
        double rate,
        int batch,
        double weightDecay,
        double dropPath,
        double? clip,
        double minimum,
        double? ema,
        string augment
    )
    {
        TrainingRecipe recipe = RecipePresets.Find(name);
        Assert.Equal(
            (rate, batch, weightDecay, dropPath),
            (recipe.ScaledLearningRate(), recipe.BatchSize, recipe.WeightDecay, recipe.DropPath)
        );
        Assert.Equal((clip, minimum, ema, augment), (recipe.ClipGradient, recipe.MinLearningRate, recipe.EmaDecay, recipe.RandAugment));
        Assert.Equal(
            (300, 300, 20.0, ScheduleUnit.Update, "bicubic"),
            (recipe.Epochs, recipe.TotalEpochs(), recipe.WarmupEpochs, recipe.ScheduleUnit, recipe.Interpolation)
        );
        Assert.Equal((0.8, 1.0, 0.1, 0.25), (recipe.Mixup, recipe.Cutmix, recipe.LabelSmoothing, recipe.RandomErasing));
    }

    [Fact]
    public void Every_model_of_the_catalogue_that_is_trained_but_openmixup_s_has_a_preset() =>
        Assert.All(
            Models.ModelCatalogue.Official.Cards.Where(card =>
                TaskTraining.All.Any(training => training.Task == card.Options.Task)
                && !card.Name.StartsWith("openmixup_", StringComparison.Ordinal)
                && !card.Name.Contains("_sz", StringComparison.Ordinal)
            ),
            card => Assert.NotNull(RecipePresets.TryFind(card.Name))
        );

    [Fact]
    public void A_card_s_settings_are_fields_of_its_recipe()
    {
        Models.ModelCard card = Card("moganet_tiny") with
        {
            RecipeSettings = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("learning_rate", "0.5"),
        };
        // Lists of equal numbers are not equal by themselves.
        Assert.Equal(RecipeJson.ToJson(RecipePresets.Find("t") with { LearningRate = 0.5 }), RecipeJson.ToJson(RecipePresets.Of(card)!));
        Assert.Equal(
            "The card of moganet_tiny names the preset 'none', which does not exist.",
            Assert.Throws<RecipeException>(() => RecipePresets.Of(card with { Recipe = "none" })).Message
        );
    }

    private static Models.ModelCard Card(string model) => Models.ModelCatalogue.Official.Find(model);

    [Fact]
    public void The_learning_rate_follows_the_batch()
    {
        TrainingRecipe recipe = RecipePresets.Find("t");
        Assert.Equal(2.5e-4, (recipe with { BatchSize = 256 }).ScaledLearningRate(), 1e-18);
        Assert.Equal(2e-3, (recipe with { BatchSize = 2048 }).ScaledLearningRate(), 1e-18);
    }

    [Theory]
    [InlineData("MogaNet-Tiny", "t")]
    [InlineData("moganet_xlarge", "xl")]
    [InlineData(" X-Tiny ", "xt")]
    [InlineData("RSB-A3", "rsb-a3")]
    [InlineData("fashion_mnist", "fashion-mnist")]
    [InlineData("convnext_small", "convnext-small")]
    [InlineData("swin_t", "swin-tiny")]
    [InlineData("HorNet-B-GF", "hornet-base-gf")]
    [InlineData("hornet_base_gf", "hornet-base-gf")]
    [InlineData("swin_base_patch4_window7_224_22kto1k", "swin-base")]
    [InlineData("parcnet_s", "parcnet-s")]
    public void Presets_are_found_by_their_names(string name, string expected) => Assert.Equal(expected, RecipePresets.Find(name).Name);

    [Fact]
    public void A_preset_that_does_not_exist_names_those_that_do()
    {
        var error = Assert.Throws<RecipeException>(() => RecipePresets.Find("huge"));
        Assert.Equal(
            "There is no preset 'huge'; there are xt, t, s, b, l, xl, rsb-a3, fashion-mnist, convnext-tiny, convnext-small, "
                + "convnext-base, convnext-large, hornet-tiny-7x7, hornet-tiny-gf, hornet-small-7x7, hornet-small-gf, hornet-base-7x7, "
                + "hornet-base-gf, hornet-large-7x7, hornet-large-gf, swin-tiny, swin-small, swin-base, parcnet-s, mmnist, mmnist-small, "
                + "fpn-80k-ade20k, upernet-160k-ade20k, coco-pose-210e, retinanet-1x, mask-rcnn-1x, mask-rcnn-3x, cascade-3x, "
                + "cascade-giou-3x.",
            error.Message
        );
    }

    [Fact]
    public void The_drop_path_of_rsb_a3_is_that_of_the_size()
    {
        Assert.Equal(0.05, RecipePresets.Find("rsb-a3", Card("moganet_xtiny")).DropPath);
        Assert.Equal(0.3, RecipePresets.Find("rsb-a3", Card("moganet_large")).DropPath);
        Assert.Equal(0, RecipePresets.Find("rsb-a3", Card("moganet_xtiny") with { Recipe = null }).DropPath);
        Assert.Equal(0.1, RecipePresets.Find("t", Card("moganet_large")).DropPath);
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void A_recipe_survives_its_file(string name)
    {
        TrainingRecipe recipe = RecipePresets.Find(name).Validated();
        string json = RecipeJson.ToJson(recipe);
        TrainingRecipe back = RecipeJson.Parse(json, "text");
        Assert.Equal(json, RecipeJson.ToJson(back));
        Assert.Equal(
            recipe with
            {
                Betas = back.Betas,
                ColorJitter = back.ColorJitter,
                CropScale = back.CropScale,
                CropRatio = back.CropRatio,
                NoWeightDecay = back.NoWeightDecay,
                Mean = back.Mean,
                Std = back.Std,
                Milestones = back.Milestones,
                Segmentation = back.Segmentation,
                Detection = back.Detection,
            },
            back
        );
        // A task's own fields are there if a recipe has them.
        Assert.All(
            RecipeJson.FieldNames.Except(["segmentation", "pose", "detection"]),
            field => Assert.Contains($"\"{field}\":", json, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Missing_fields_have_the_defaults()
    {
        TrainingRecipe recipe = RecipeJson.Parse("{ \"epochs\": 7, /* short */ \"warmup_epochs\": 1.5, }", "text");
        Assert.Equal(new TrainingRecipe { Epochs = 7, WarmupEpochs = 1.5 }.ToString(), recipe.ToString());
    }

    [Theory]
    [InlineData("epochs", "12", "Epochs = 12")]
    [InlineData("learning-rate", "2.5e-3", "LearningRate = 0.0025")]
    [InlineData("ema_decay", "0.99", "EmaDecay = 0.99")]
    [InlineData("ema_decay", "none", "EmaDecay = ,")]
    [InlineData("amp", "bf16", "Amp = Bf16")]
    [InlineData("optimizer", "Sgd", "Optimizer = Sgd")]
    [InlineData("loss", "binary-cross-entropy", "Loss = BinaryCrossEntropy")]
    [InlineData("rand_augment", "rand-m5", "RandAugment = rand-m5")]
    [InlineData("rand_augment", "none", "RandAugment = ,")]
    [InlineData("channels_last", "true", "ChannelsLast = True")]
    public void Fields_are_set_by_text(string field, string text, string expected) =>
        Assert.Contains(expected, RecipeJson.With(RecipePresets.Find("s"), field, text).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Lists_are_set_by_text()
    {
        Assert.Equal([0.5, 0.75], RecipeJson.With(new(), "betas", "0.5,0.75").Betas);
        Assert.Equal(["scale", "head"], RecipeJson.With(new(), "no_weight_decay", "scale, head").NoWeightDecay);
        Assert.Equal([0.3], RecipeJson.With(new(), "color_jitter", "0.3").ColorJitter);
        Assert.Equal([0.4, 0.3, 0.2, 0.1], RecipeJson.With(new(), "color_jitter", "0.4,0.3,0.2,0.1").ColorJitter);
        // One number is written as such, as it always was.
        Assert.Contains("\"color_jitter\": 0.3,", RecipeJson.ToJson(new TrainingRecipe { ColorJitter = [0.3] }), StringComparison.Ordinal);
        Assert.Equal([0.3], RecipeJson.Parse("{ \"color_jitter\": 0.3 }", "text").ColorJitter);
    }

    [Theory]
    [InlineData("learning", "1", "A recipe has no field 'learning'; did you mean learning_rate?")]
    [InlineData("speed", "1", "A recipe has no field 'speed'; did you mean seed? There are name, task, image_size,")]
    [InlineData("epochs", "ten", "'ten' is not a value of the recipe's field epochs; it takes a whole number.")]
    [InlineData("epochs", "1.5", "'1.5' is not a value of the recipe's field epochs")]
    [InlineData("epochs", "none", "'none' is not a value of the recipe's field epochs")]
    [InlineData("amp", "fp8", "'fp8' is not a value of the recipe's field amp; it takes none, bf16, fp16.")]
    [InlineData("channels_last", "yes", "it takes true or false")]
    [InlineData("betas", "a,b", "it takes numbers with commas between")]
    public void Wrong_fields_and_values_say_so(string field, string text, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<RecipeException>(() => RecipeJson.With(new(), field, text)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("{ \"epochs\": 0 }", "epochs is 1 or more")]
    [InlineData("{ \"std\": [0.1, 0.2] }", "std is empty, or one number above 0 or three")]
    [InlineData("{ \"epochs\": 5 }", "warmup_epochs is not negative and below the 5 epochs")]
    [InlineData("{ \"batch_size\": 10, \"accumulation_steps\": 3 }", "accumulation_steps divides the batch of 10")]
    [InlineData("{ \"learning_rate\": -1 }", "learning_rate is above 0")]
    [InlineData("{ \"betas\": [0.9] }", "betas are two numbers from 0 to below 1")]
    [InlineData("{ \"drop_path\": 1 }", "drop_path lies from 0 to below 1")]
    [InlineData(
        "{ \"rand_augment\": \"augmix-m3\" }",
        "rand_augment 'augmix-m3': only RandAugment is known; write rand-m9-mstd0.5-inc1 or the like"
    )]
    [InlineData("{ \"crop_scale\": [0.5, 2] }", "crop_scale are two numbers in order")]
    [InlineData("{ \"horizontal_flip\": 2 }", "horizontal_flip is a probability")]
    [InlineData("{ \"color_jitter\": [0.4, 0.4] }", "color_jitter is one number from 0 to 1, or three or four")]
    [InlineData("{ \"color_jitter\": [0.4, 0.4, 0.4, 0.6] }", "color_jitter has a hue of at most 0.5")]
    [InlineData("{ \"color_jitter\": \"x\" }", "text is not a recipe: line 1: 'color_jitter'")]
    [InlineData("{ \"task\": \"video\" }", "loss is mean_squared_error for video")]
    [InlineData("{ \"loss\": \"mean_squared_error\" }", "loss is cross_entropy or binary_cross_entropy for classification")]
    [InlineData("{ \"task\": \"poetry\" }", "text is not a recipe: line 1: 'task'")]
    [InlineData("{ \"eval_clips\": 0 }", "eval_clips is 1 or more")]
    [InlineData("{ \"ema_decay\": 1 }", "ema_decay lies between 0 and 1")]
    [InlineData("{ \"interpolation\": \"lanczos\" }", "interpolation is random, bilinear or bicubic")]
    [InlineData("{ \"speed\": 1 }", "text is not a recipe: line 1: 'speed'")]
    [InlineData("{ \"epochs\": \"x\" }", "text is not a recipe: line 1: 'epochs'")]
    [InlineData("null", "text is not a recipe: it is empty")]
    [InlineData("[", "text is not a recipe: line 1:")]
    public void A_file_that_is_no_recipe_says_why(string json, string message) =>
        Assert.Contains(message, Assert.Throws<RecipeException>(() => RecipeJson.Parse(json, "text")).Message, StringComparison.Ordinal);
}
