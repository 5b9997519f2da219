using System.CommandLine;
using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>
/// What people mean by an option that a command does not have: its name with a mistake, or the name that timm, torchvision, Ultralytics,
/// OpenMMLab or Hugging Face give it.
/// </summary>
internal static class OptionHabits
{
    // Our names, and behind each what other tools call it; compared without dashes and underscores.
    private static readonly (string Ours, string Theirs)[] Table =
    [
        ("--topk", "top k topn topkaccuracy"),
        ("--size", "imgsz imgsize imagesize inputsize img resolution res cropsize valresizesize valcropsize traincropsize resize"),
        ("--set image_size=", "imgsz imgsize imagesize inputsize img resolution res size cropsize traincropsize"),
        (
            "--batch",
            "b bs bz batchsize batchsz validationbatchsize perdevicetrainbatchsize perdeviceevalbatchsize pergpubatchsize samplespergpu"
        ),
        ("--init", "pretrained initialcheckpoint finetune loadfrom pretrainedweights pretrainedpath weights checkpoint ckpt"),
        (
            "--weights",
            "checkpoint ckpt checkpointpath ckptpath initialcheckpoint pretrained loadfrom resume weight weightfile modelpath "
                + "pretrainedpath statedict"
        ),
        ("--resume", "continue autoresume resumefrom resumefromcheckpoint"),
        ("--data", "datadir dataset datasets datapath dataroot root traindir valdir testdir imagefolder source input"),
        ("--onnx", "out output outputfile outfile o f file save savepath"),
        (
            "--output",
            "out outdir outputdir outputfolder outfile savedir savepath saveto project workdir logdir dest result results resultsdir name"
        ),
        ("--device", "gpu gpus cuda gpuid gpuids usegpu accelerator cpu"),
        ("--workers", "numworkers nw nworkers workerspergpu dataloadernumworkers loaderworkers"),
        ("--lr", "learningrate lr0 baselr blr"),
        ("--epochs", "e epoch ep numepochs nepochs numtrainepochs maxepochs trainepochs"),
        ("--amp", "fp16 bf16 half mixedprecision precision useamp nativeamp ampdtype"),
        ("--dtype", "type datatype precision half fp16 bf16 fp32 torchdtype"),
        ("--seed", "randomseed manualseed"),
        ("--json", "jsonl format outputformat outputjson jsonoutput outjson savejson resultsformat j"),
        ("--threads", "numthreads nthreads cputhreads intraopthreads omp"),
        ("--card", "model"),
        ("--model", "arch architecture a net network modelname cfg config backbone modelnameorpath"),
        ("--ema", "useema modelema"),
        ("--recipe", "hyp hyperparameters hparams argsfile"),
        ("--set", "cfgoptions opts options override overrides"),
        ("--model-set", "modelkwargs modelargs modeloptions"),
        ("--split", "subset part"),
        ("--frames", "numframes nframes length outframes"),
        ("--nproc", "nprocpernode numprocesses numgpus worldsize launcher"),
        ("--opset", "opsetversion"),
        ("--dynamic-batch", "dynamic dynamicaxes dynamicsize"),
        ("--compare", "backend peer baseline"),
        ("--engine", "backend runtime"),
        ("--input", "in i inputs x"),
        ("--log-every", "loginterval logfreq printfreq printfrequency loggingsteps"),
        ("--save-every", "saveinterval savefreq savesteps checkpointinterval recoveryinterval"),
        ("--keep-every", "saveperiod checkpointhist savetotallimit"),
        ("--stop-after", "maxsteps maxiters maxiterations"),
        ("--runs", "n numruns iterations iters repeat repeats times"),
        ("--seconds", "duration time minruntime"),
        ("--layers", "verbose details perlayer"),
        ("--version", "v"),
        // Fields of the recipe that have options elsewhere.
        ("--set optimizer=", "opt optim"),
        ("--set schedule=", "sched scheduler lrscheduler lrschedulertype coslr"),
        ("--set weight_decay=", "wd"),
        ("--set momentum=", "mom"),
        ("--set min_learning_rate=", "minlr lrf"),
        ("--set warmup_learning_rate=", "warmuplr"),
        ("--set rand_augment=", "aa autoaugment augment raug"),
        ("--set random_erasing=", "reprob randomerase erasing"),
        ("--set label_smoothing=", "smoothing"),
        ("--set clip_gradient=", "clipgrad gradclip maxgradnorm clipgradnorm"),
        ("--set ema_decay=", "modelemadecay"),
        ("--set horizontal_flip=", "hflip fliplr"),
        ("--set vertical_flip=", "vflip flipud"),
        ("--set eval_crop=", "croppct"),
        ("--set accumulation_steps=", "gradaccumsteps gradientaccumulationsteps accumulate"),
        ("--set drop_path=", "dropconnect"),
    ];

    // What other tools have an option for, and this one an argument.
    private const string Places = " source input inputs image images img imgpath infile file path video model name output out ";

    private static readonly Lazy<string[]> RecipeFields = new(() =>
    {
        using JsonDocument recipe = JsonDocument.Parse(RecipeJson.ToJson(new TrainingRecipe()));
        return [.. recipe.RootElement.EnumerateObject().Select(field => field.Name)];
    });

    /// <summary>What to write instead of an unknown option; null when nothing comes near.</summary>
    /// <param name="command">The command that does not have it.</param>
    /// <param name="token">The option, with or without dashes and value.</param>
    /// <param name="byTableOnly">Whether mistakes in typing are left out of account.</param>
    public static string? Suggest(Command command, string token, bool byTableOnly = false)
    {
        string name = Plain(token.Split('=', ':')[0]);
        if (name.Length == 0)
            return null;
        string[] known =
        [
            .. command.Options.Select(option => option.Name).Where(option => option.StartsWith("--", StringComparison.Ordinal)),
        ];
        if (known.FirstOrDefault(option => Plain(option) == name) is { } same)
            return same;
        foreach ((string ours, string theirs) in Table)
            if (Has(theirs, name) && known.Contains(ours.Split(' ')[0]))
                return ours.EndsWith('=') ? $"{ours}..." : ours;
        if (known.Contains("--set") && RecipeFields.Value.FirstOrDefault(field => Plain(field) == name) is { } own)
            return $"--set {own}=...";
        if (byTableOnly)
            return null;
        if (name.Length > 2 && known.Where(option => Plain(option).StartsWith(name, StringComparison.Ordinal)).ToArray() is [string only])
            return only;
        string? nearest = known.MinBy(option => NameDistance.Between(Plain(option), name));
        if (nearest is not null && NameDistance.Between(Plain(nearest), name) <= (name.Length < 5 ? 1 : 2))
            return nearest;
        if (!Has(Places, name) || command.Arguments.Count == 0)
            return null;
        return $"{CommandLineCheck.NameOf(command)} {string.Join(' ', command.Arguments.Select(place => place.Name.ToUpperInvariant()))}";
    }

    private static bool Has(string words, string name) => words.Split(' ').Contains(name, StringComparer.Ordinal);

    private static string Plain(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
